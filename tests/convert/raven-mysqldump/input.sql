-- MySQL dump 10.13  Distrib 5.7.20, for Linux (armv7l)
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;

DROP TABLE IF EXISTS `instantaneous_demand`;
CREATE TABLE `instantaneous_demand` (
  `id` int(11) NOT NULL,
  `time` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `demand` int(11) NOT NULL,
  `multiplier` int(11) NOT NULL,
  `divisor` int(11) NOT NULL,
  `run` text NOT NULL,
  `hash` varchar(100) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `instantaneous_demand` WRITE;
INSERT INTO `instantaneous_demand` VALUES (1,'2018-03-01 10:00:00',500,1,1000,'it\'s (mine), really','6f1c'),(2,'2018-03-01 10:00:15',510,1,1000,'it\'s (mine), really','6f1c'),(3,'2018-03-01 10:00:30',-1,-1,-1,'it\'s (mine), really','6f1c'),(4,'2018-03-01 10:00:45',broken,(,520),(5,'2018-03-01 10:01:00',530,1,1000,'it''s; done','77aa'),(6,'2018-03-01 10:01:15',540,1,1000);
INSERT INTO `instantaneous_demand` (`time`, `demand`, `multiplier`, `divisor`, `run`, `hash`) VALUES
('2018-03-01 10:01:30', 550, 1, 1000, 'plain', '77aa'),
('2018-03-01 10:01:45', 560, 1, 1000, 'plain', '77aa'),
('2018-03-01 10:02:00, 570, 1, 1000, 'plain', '77aa'),
('2018-03-01 10:02:15', 580, 1, 1000, NULL, '77aa');
UNLOCK TABLES;
INSERT INTO `run_info` VALUES ('plain','77aa','','2018-03-01 10:01:30');
INSERT INTO `instantaneous_demand` VALUES (7,'2018-03-01 10:02:30',590,1,1000,'plain','77aa'),(8,'2018-03-01 10:02:45',60
