PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE instantaneous_demand (time INTEGER, demand INTEGER, multiplier INTEGER, divisor INTEGER);
INSERT INTO instantaneous_demand VALUES(1477000000,-1,-1,-1);
INSERT INTO instantaneous_demand VALUES(1477000008,-1,-1,-1);
INSERT INTO "instantaneous_demand" VALUES(530315216,1234,1,1000);
INSERT INTO instantaneous_demand VALUES(1477000031,1235,1,1000);
COMMIT;
