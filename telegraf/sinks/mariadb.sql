-- The tables of the sink `mariadb.conf`, for MariaDB 10.5 or newer. They may be made anew at any time: what is there stays.
--
--   sudo mariadb energychannel <mariadb.sql
--
-- MySQL has no IF NOT EXISTS for a column, an index and a plugin, and no OR REPLACE for a trigger. So there it is once, in a database
-- that has no `electricity` yet (the tables of python-raven may be there); this was not tried with MySQL itself:
--
--   sed -e '/^INSTALL PLUGIN/d' -e 's/\(COLUMN\|INDEX\) IF NOT EXISTS/\1/g' -e 's/CREATE OR REPLACE/CREATE/' mariadb.sql | sudo mysql energychannel
--
-- Telegraf sends a batch again when it has not heard that it arrived, so the same reading can come twice. It writes into
-- `electricity_in` and `run_info_in`, which keep nothing; their triggers put each reading once into the tables that are read.
-- A stick tells its power and its energies apart, and often of the same second: a field that comes later joins its row, as in
-- InfluxDB, and one that is there stays, so that what comes twice changes nothing.

-- An engine without rows comes with the package mariadb-server, and has to be asked for.
INSTALL PLUGIN IF NOT EXISTS blackhole SONAME 'ha_blackhole';

-- One row a reading, at the decimals of the meter; NULL is what the meter does not have. `time` is UTC, whatever the zone
-- of the session.
CREATE TABLE IF NOT EXISTS electricity (
  time DATETIME NOT NULL,
  site VARCHAR(100) NOT NULL DEFAULT '',
  meter VARCHAR(100) NOT NULL DEFAULT '',
  role VARCHAR(20) NOT NULL DEFAULT '',
  run VARCHAR(100),
  run_id VARCHAR(100),
  PRIMARY KEY (time, meter, site)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
ALTER TABLE electricity
-- schema.py: columns
  ADD COLUMN IF NOT EXISTS voltage_v DOUBLE, ADD COLUMN IF NOT EXISTS voltage_l1_v DOUBLE,
  ADD COLUMN IF NOT EXISTS voltage_l2_v DOUBLE, ADD COLUMN IF NOT EXISTS voltage_l3_v DOUBLE,
  ADD COLUMN IF NOT EXISTS current_a DOUBLE, ADD COLUMN IF NOT EXISTS current_l1_a DOUBLE,
  ADD COLUMN IF NOT EXISTS current_l2_a DOUBLE, ADD COLUMN IF NOT EXISTS current_l3_a DOUBLE,
  ADD COLUMN IF NOT EXISTS power_w DOUBLE, ADD COLUMN IF NOT EXISTS power_l1_w DOUBLE,
  ADD COLUMN IF NOT EXISTS power_l2_w DOUBLE, ADD COLUMN IF NOT EXISTS power_l3_w DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_power_var DOUBLE, ADD COLUMN IF NOT EXISTS reactive_power_l1_var DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_power_l2_var DOUBLE, ADD COLUMN IF NOT EXISTS reactive_power_l3_var DOUBLE,
  ADD COLUMN IF NOT EXISTS apparent_power_va DOUBLE, ADD COLUMN IF NOT EXISTS apparent_power_l1_va DOUBLE,
  ADD COLUMN IF NOT EXISTS apparent_power_l2_va DOUBLE, ADD COLUMN IF NOT EXISTS apparent_power_l3_va DOUBLE,
  ADD COLUMN IF NOT EXISTS power_factor DOUBLE, ADD COLUMN IF NOT EXISTS power_factor_l1 DOUBLE,
  ADD COLUMN IF NOT EXISTS power_factor_l2 DOUBLE, ADD COLUMN IF NOT EXISTS power_factor_l3 DOUBLE,
  ADD COLUMN IF NOT EXISTS phase_angle_degrees DOUBLE, ADD COLUMN IF NOT EXISTS phase_angle_l1_degrees DOUBLE,
  ADD COLUMN IF NOT EXISTS phase_angle_l2_degrees DOUBLE,
  ADD COLUMN IF NOT EXISTS phase_angle_l3_degrees DOUBLE, ADD COLUMN IF NOT EXISTS frequency_hz DOUBLE,
  ADD COLUMN IF NOT EXISTS voltage_distortion_percent DOUBLE,
  ADD COLUMN IF NOT EXISTS voltage_distortion_l1_percent DOUBLE,
  ADD COLUMN IF NOT EXISTS voltage_distortion_l2_percent DOUBLE,
  ADD COLUMN IF NOT EXISTS voltage_distortion_l3_percent DOUBLE,
  ADD COLUMN IF NOT EXISTS current_distortion_percent DOUBLE,
  ADD COLUMN IF NOT EXISTS current_distortion_l1_percent DOUBLE,
  ADD COLUMN IF NOT EXISTS current_distortion_l2_percent DOUBLE,
  ADD COLUMN IF NOT EXISTS current_distortion_l3_percent DOUBLE,
  ADD COLUMN IF NOT EXISTS energy_total_kwh DOUBLE, ADD COLUMN IF NOT EXISTS energy_total_l1_kwh DOUBLE,
  ADD COLUMN IF NOT EXISTS energy_total_l2_kwh DOUBLE, ADD COLUMN IF NOT EXISTS energy_total_l3_kwh DOUBLE,
  ADD COLUMN IF NOT EXISTS energy_total_t1_kwh DOUBLE, ADD COLUMN IF NOT EXISTS energy_total_t2_kwh DOUBLE,
  ADD COLUMN IF NOT EXISTS energy_total_t3_kwh DOUBLE, ADD COLUMN IF NOT EXISTS energy_total_t4_kwh DOUBLE,
  ADD COLUMN IF NOT EXISTS energy_import_kwh DOUBLE, ADD COLUMN IF NOT EXISTS energy_import_l1_kwh DOUBLE,
  ADD COLUMN IF NOT EXISTS energy_import_l2_kwh DOUBLE, ADD COLUMN IF NOT EXISTS energy_import_l3_kwh DOUBLE,
  ADD COLUMN IF NOT EXISTS energy_import_t1_kwh DOUBLE, ADD COLUMN IF NOT EXISTS energy_import_t2_kwh DOUBLE,
  ADD COLUMN IF NOT EXISTS energy_import_t3_kwh DOUBLE, ADD COLUMN IF NOT EXISTS energy_import_t4_kwh DOUBLE,
  ADD COLUMN IF NOT EXISTS energy_export_kwh DOUBLE, ADD COLUMN IF NOT EXISTS energy_export_l1_kwh DOUBLE,
  ADD COLUMN IF NOT EXISTS energy_export_l2_kwh DOUBLE, ADD COLUMN IF NOT EXISTS energy_export_l3_kwh DOUBLE,
  ADD COLUMN IF NOT EXISTS energy_export_t1_kwh DOUBLE, ADD COLUMN IF NOT EXISTS energy_export_t2_kwh DOUBLE,
  ADD COLUMN IF NOT EXISTS energy_export_t3_kwh DOUBLE, ADD COLUMN IF NOT EXISTS energy_export_t4_kwh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_l1_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_l2_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_l3_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_t1_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_t2_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_t3_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_t4_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_l1_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_l2_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_l3_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_t1_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_t2_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_t3_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_t4_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_l1_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_l2_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_l3_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_t1_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_t2_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_t3_kvarh DOUBLE,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_t4_kvarh DOUBLE;
-- end

-- The two tables of old. Where they are there already they are gone on with, and their rows stay.
-- The power of the meters whose role is `grid`: demand * multiplier / divisor is in kW.
CREATE TABLE IF NOT EXISTS instantaneous_demand (
  time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  demand INT(11) NOT NULL,
  multiplier INT(11) NOT NULL,
  divisor INT(11) NOT NULL,
  run TEXT NOT NULL,
  hash VARCHAR(100) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
-- python-raven's table has none, and would be read whole for each look at its newest rows. Rows may come while it is made.
CREATE INDEX IF NOT EXISTS time ON instantaneous_demand (time);

CREATE TABLE IF NOT EXISTS run_info (
  name VARCHAR(100) NOT NULL,
  hash VARCHAR(100) NOT NULL,
  meter_id VARCHAR(100) NOT NULL,
  time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- What Telegraf writes into. A trigger keeps the mode in which it was made: without the strict one a text that is too long is
-- cut, and never in the way of all that come after it.
SET SESSION sql_mode = '';
-- While these tables are missing, the readings wait in Telegraf; and they get their names when they are whole.
DROP TABLE IF EXISTS electricity_in, run_info_in, electricity_making, run_info_making;
CREATE TABLE electricity_making LIKE electricity;
ALTER TABLE electricity_making ENGINE = BLACKHOLE;
CREATE TABLE run_info_making (
  time DATETIME NOT NULL,
  name VARCHAR(100) NOT NULL DEFAULT '',
  id VARCHAR(100) NOT NULL DEFAULT '',
  meter_id VARCHAR(100) NOT NULL DEFAULT ''
) ENGINE = BLACKHOLE DEFAULT CHARSET = utf8mb4;

DELIMITER //

CREATE OR REPLACE TRIGGER electricity_once BEFORE INSERT ON electricity_making FOR EACH ROW
BEGIN
  INSERT IGNORE INTO electricity (time, site, meter, role, run, run_id,
-- schema.py: names
    voltage_v, voltage_l1_v, voltage_l2_v, voltage_l3_v, current_a, current_l1_a, current_l2_a, current_l3_a,
    power_w, power_l1_w, power_l2_w, power_l3_w, reactive_power_var, reactive_power_l1_var,
    reactive_power_l2_var, reactive_power_l3_var, apparent_power_va, apparent_power_l1_va,
    apparent_power_l2_va, apparent_power_l3_va, power_factor, power_factor_l1, power_factor_l2,
    power_factor_l3, phase_angle_degrees, phase_angle_l1_degrees, phase_angle_l2_degrees,
    phase_angle_l3_degrees, frequency_hz, voltage_distortion_percent, voltage_distortion_l1_percent,
    voltage_distortion_l2_percent, voltage_distortion_l3_percent, current_distortion_percent,
    current_distortion_l1_percent, current_distortion_l2_percent, current_distortion_l3_percent,
    energy_total_kwh, energy_total_l1_kwh, energy_total_l2_kwh, energy_total_l3_kwh, energy_total_t1_kwh,
    energy_total_t2_kwh, energy_total_t3_kwh, energy_total_t4_kwh, energy_import_kwh, energy_import_l1_kwh,
    energy_import_l2_kwh, energy_import_l3_kwh, energy_import_t1_kwh, energy_import_t2_kwh,
    energy_import_t3_kwh, energy_import_t4_kwh, energy_export_kwh, energy_export_l1_kwh, energy_export_l2_kwh,
    energy_export_l3_kwh, energy_export_t1_kwh, energy_export_t2_kwh, energy_export_t3_kwh,
    energy_export_t4_kwh, reactive_energy_total_kvarh, reactive_energy_total_l1_kvarh,
    reactive_energy_total_l2_kvarh, reactive_energy_total_l3_kvarh, reactive_energy_total_t1_kvarh,
    reactive_energy_total_t2_kvarh, reactive_energy_total_t3_kvarh, reactive_energy_total_t4_kvarh,
    reactive_energy_import_kvarh, reactive_energy_import_l1_kvarh, reactive_energy_import_l2_kvarh,
    reactive_energy_import_l3_kvarh, reactive_energy_import_t1_kvarh, reactive_energy_import_t2_kvarh,
    reactive_energy_import_t3_kvarh, reactive_energy_import_t4_kvarh, reactive_energy_export_kvarh,
    reactive_energy_export_l1_kvarh, reactive_energy_export_l2_kvarh, reactive_energy_export_l3_kvarh,
    reactive_energy_export_t1_kvarh, reactive_energy_export_t2_kvarh, reactive_energy_export_t3_kvarh,
    reactive_energy_export_t4_kvarh)
-- end
  VALUES (NEW.time, NEW.site, NEW.meter, NEW.role, NEW.run, NEW.run_id,
-- schema.py: values
    NEW.voltage_v, NEW.voltage_l1_v, NEW.voltage_l2_v, NEW.voltage_l3_v, NEW.current_a, NEW.current_l1_a,
    NEW.current_l2_a, NEW.current_l3_a, NEW.power_w, NEW.power_l1_w, NEW.power_l2_w, NEW.power_l3_w,
    NEW.reactive_power_var, NEW.reactive_power_l1_var, NEW.reactive_power_l2_var, NEW.reactive_power_l3_var,
    NEW.apparent_power_va, NEW.apparent_power_l1_va, NEW.apparent_power_l2_va, NEW.apparent_power_l3_va,
    NEW.power_factor, NEW.power_factor_l1, NEW.power_factor_l2, NEW.power_factor_l3, NEW.phase_angle_degrees,
    NEW.phase_angle_l1_degrees, NEW.phase_angle_l2_degrees, NEW.phase_angle_l3_degrees, NEW.frequency_hz,
    NEW.voltage_distortion_percent, NEW.voltage_distortion_l1_percent, NEW.voltage_distortion_l2_percent,
    NEW.voltage_distortion_l3_percent, NEW.current_distortion_percent, NEW.current_distortion_l1_percent,
    NEW.current_distortion_l2_percent, NEW.current_distortion_l3_percent, NEW.energy_total_kwh,
    NEW.energy_total_l1_kwh, NEW.energy_total_l2_kwh, NEW.energy_total_l3_kwh, NEW.energy_total_t1_kwh,
    NEW.energy_total_t2_kwh, NEW.energy_total_t3_kwh, NEW.energy_total_t4_kwh, NEW.energy_import_kwh,
    NEW.energy_import_l1_kwh, NEW.energy_import_l2_kwh, NEW.energy_import_l3_kwh, NEW.energy_import_t1_kwh,
    NEW.energy_import_t2_kwh, NEW.energy_import_t3_kwh, NEW.energy_import_t4_kwh, NEW.energy_export_kwh,
    NEW.energy_export_l1_kwh, NEW.energy_export_l2_kwh, NEW.energy_export_l3_kwh, NEW.energy_export_t1_kwh,
    NEW.energy_export_t2_kwh, NEW.energy_export_t3_kwh, NEW.energy_export_t4_kwh,
    NEW.reactive_energy_total_kvarh, NEW.reactive_energy_total_l1_kvarh, NEW.reactive_energy_total_l2_kvarh,
    NEW.reactive_energy_total_l3_kvarh, NEW.reactive_energy_total_t1_kvarh, NEW.reactive_energy_total_t2_kvarh,
    NEW.reactive_energy_total_t3_kvarh, NEW.reactive_energy_total_t4_kvarh, NEW.reactive_energy_import_kvarh,
    NEW.reactive_energy_import_l1_kvarh, NEW.reactive_energy_import_l2_kvarh,
    NEW.reactive_energy_import_l3_kvarh, NEW.reactive_energy_import_t1_kvarh,
    NEW.reactive_energy_import_t2_kvarh, NEW.reactive_energy_import_t3_kvarh,
    NEW.reactive_energy_import_t4_kvarh, NEW.reactive_energy_export_kvarh, NEW.reactive_energy_export_l1_kvarh,
    NEW.reactive_energy_export_l2_kvarh, NEW.reactive_energy_export_l3_kvarh,
    NEW.reactive_energy_export_t1_kvarh, NEW.reactive_energy_export_t2_kvarh,
    NEW.reactive_energy_export_t3_kvarh, NEW.reactive_energy_export_t4_kvarh)
-- end
  ON DUPLICATE KEY UPDATE run = COALESCE(run, NEW.run), run_id = COALESCE(run_id, NEW.run_id),
-- schema.py: filled in
    voltage_v = COALESCE(voltage_v, NEW.voltage_v), voltage_l1_v = COALESCE(voltage_l1_v, NEW.voltage_l1_v),
    voltage_l2_v = COALESCE(voltage_l2_v, NEW.voltage_l2_v),
    voltage_l3_v = COALESCE(voltage_l3_v, NEW.voltage_l3_v), current_a = COALESCE(current_a, NEW.current_a),
    current_l1_a = COALESCE(current_l1_a, NEW.current_l1_a),
    current_l2_a = COALESCE(current_l2_a, NEW.current_l2_a),
    current_l3_a = COALESCE(current_l3_a, NEW.current_l3_a), power_w = COALESCE(power_w, NEW.power_w),
    power_l1_w = COALESCE(power_l1_w, NEW.power_l1_w), power_l2_w = COALESCE(power_l2_w, NEW.power_l2_w),
    power_l3_w = COALESCE(power_l3_w, NEW.power_l3_w),
    reactive_power_var = COALESCE(reactive_power_var, NEW.reactive_power_var),
    reactive_power_l1_var = COALESCE(reactive_power_l1_var, NEW.reactive_power_l1_var),
    reactive_power_l2_var = COALESCE(reactive_power_l2_var, NEW.reactive_power_l2_var),
    reactive_power_l3_var = COALESCE(reactive_power_l3_var, NEW.reactive_power_l3_var),
    apparent_power_va = COALESCE(apparent_power_va, NEW.apparent_power_va),
    apparent_power_l1_va = COALESCE(apparent_power_l1_va, NEW.apparent_power_l1_va),
    apparent_power_l2_va = COALESCE(apparent_power_l2_va, NEW.apparent_power_l2_va),
    apparent_power_l3_va = COALESCE(apparent_power_l3_va, NEW.apparent_power_l3_va),
    power_factor = COALESCE(power_factor, NEW.power_factor),
    power_factor_l1 = COALESCE(power_factor_l1, NEW.power_factor_l1),
    power_factor_l2 = COALESCE(power_factor_l2, NEW.power_factor_l2),
    power_factor_l3 = COALESCE(power_factor_l3, NEW.power_factor_l3),
    phase_angle_degrees = COALESCE(phase_angle_degrees, NEW.phase_angle_degrees),
    phase_angle_l1_degrees = COALESCE(phase_angle_l1_degrees, NEW.phase_angle_l1_degrees),
    phase_angle_l2_degrees = COALESCE(phase_angle_l2_degrees, NEW.phase_angle_l2_degrees),
    phase_angle_l3_degrees = COALESCE(phase_angle_l3_degrees, NEW.phase_angle_l3_degrees),
    frequency_hz = COALESCE(frequency_hz, NEW.frequency_hz),
    voltage_distortion_percent = COALESCE(voltage_distortion_percent, NEW.voltage_distortion_percent),
    voltage_distortion_l1_percent = COALESCE(voltage_distortion_l1_percent, NEW.voltage_distortion_l1_percent),
    voltage_distortion_l2_percent = COALESCE(voltage_distortion_l2_percent, NEW.voltage_distortion_l2_percent),
    voltage_distortion_l3_percent = COALESCE(voltage_distortion_l3_percent, NEW.voltage_distortion_l3_percent),
    current_distortion_percent = COALESCE(current_distortion_percent, NEW.current_distortion_percent),
    current_distortion_l1_percent = COALESCE(current_distortion_l1_percent, NEW.current_distortion_l1_percent),
    current_distortion_l2_percent = COALESCE(current_distortion_l2_percent, NEW.current_distortion_l2_percent),
    current_distortion_l3_percent = COALESCE(current_distortion_l3_percent, NEW.current_distortion_l3_percent),
    energy_total_kwh = COALESCE(energy_total_kwh, NEW.energy_total_kwh),
    energy_total_l1_kwh = COALESCE(energy_total_l1_kwh, NEW.energy_total_l1_kwh),
    energy_total_l2_kwh = COALESCE(energy_total_l2_kwh, NEW.energy_total_l2_kwh),
    energy_total_l3_kwh = COALESCE(energy_total_l3_kwh, NEW.energy_total_l3_kwh),
    energy_total_t1_kwh = COALESCE(energy_total_t1_kwh, NEW.energy_total_t1_kwh),
    energy_total_t2_kwh = COALESCE(energy_total_t2_kwh, NEW.energy_total_t2_kwh),
    energy_total_t3_kwh = COALESCE(energy_total_t3_kwh, NEW.energy_total_t3_kwh),
    energy_total_t4_kwh = COALESCE(energy_total_t4_kwh, NEW.energy_total_t4_kwh),
    energy_import_kwh = COALESCE(energy_import_kwh, NEW.energy_import_kwh),
    energy_import_l1_kwh = COALESCE(energy_import_l1_kwh, NEW.energy_import_l1_kwh),
    energy_import_l2_kwh = COALESCE(energy_import_l2_kwh, NEW.energy_import_l2_kwh),
    energy_import_l3_kwh = COALESCE(energy_import_l3_kwh, NEW.energy_import_l3_kwh),
    energy_import_t1_kwh = COALESCE(energy_import_t1_kwh, NEW.energy_import_t1_kwh),
    energy_import_t2_kwh = COALESCE(energy_import_t2_kwh, NEW.energy_import_t2_kwh),
    energy_import_t3_kwh = COALESCE(energy_import_t3_kwh, NEW.energy_import_t3_kwh),
    energy_import_t4_kwh = COALESCE(energy_import_t4_kwh, NEW.energy_import_t4_kwh),
    energy_export_kwh = COALESCE(energy_export_kwh, NEW.energy_export_kwh),
    energy_export_l1_kwh = COALESCE(energy_export_l1_kwh, NEW.energy_export_l1_kwh),
    energy_export_l2_kwh = COALESCE(energy_export_l2_kwh, NEW.energy_export_l2_kwh),
    energy_export_l3_kwh = COALESCE(energy_export_l3_kwh, NEW.energy_export_l3_kwh),
    energy_export_t1_kwh = COALESCE(energy_export_t1_kwh, NEW.energy_export_t1_kwh),
    energy_export_t2_kwh = COALESCE(energy_export_t2_kwh, NEW.energy_export_t2_kwh),
    energy_export_t3_kwh = COALESCE(energy_export_t3_kwh, NEW.energy_export_t3_kwh),
    energy_export_t4_kwh = COALESCE(energy_export_t4_kwh, NEW.energy_export_t4_kwh),
    reactive_energy_total_kvarh = COALESCE(reactive_energy_total_kvarh, NEW.reactive_energy_total_kvarh),
    reactive_energy_total_l1_kvarh = COALESCE(reactive_energy_total_l1_kvarh, NEW.reactive_energy_total_l1_kvarh),
    reactive_energy_total_l2_kvarh = COALESCE(reactive_energy_total_l2_kvarh, NEW.reactive_energy_total_l2_kvarh),
    reactive_energy_total_l3_kvarh = COALESCE(reactive_energy_total_l3_kvarh, NEW.reactive_energy_total_l3_kvarh),
    reactive_energy_total_t1_kvarh = COALESCE(reactive_energy_total_t1_kvarh, NEW.reactive_energy_total_t1_kvarh),
    reactive_energy_total_t2_kvarh = COALESCE(reactive_energy_total_t2_kvarh, NEW.reactive_energy_total_t2_kvarh),
    reactive_energy_total_t3_kvarh = COALESCE(reactive_energy_total_t3_kvarh, NEW.reactive_energy_total_t3_kvarh),
    reactive_energy_total_t4_kvarh = COALESCE(reactive_energy_total_t4_kvarh, NEW.reactive_energy_total_t4_kvarh),
    reactive_energy_import_kvarh = COALESCE(reactive_energy_import_kvarh, NEW.reactive_energy_import_kvarh),
    reactive_energy_import_l1_kvarh = COALESCE(reactive_energy_import_l1_kvarh, NEW.reactive_energy_import_l1_kvarh),
    reactive_energy_import_l2_kvarh = COALESCE(reactive_energy_import_l2_kvarh, NEW.reactive_energy_import_l2_kvarh),
    reactive_energy_import_l3_kvarh = COALESCE(reactive_energy_import_l3_kvarh, NEW.reactive_energy_import_l3_kvarh),
    reactive_energy_import_t1_kvarh = COALESCE(reactive_energy_import_t1_kvarh, NEW.reactive_energy_import_t1_kvarh),
    reactive_energy_import_t2_kvarh = COALESCE(reactive_energy_import_t2_kvarh, NEW.reactive_energy_import_t2_kvarh),
    reactive_energy_import_t3_kvarh = COALESCE(reactive_energy_import_t3_kvarh, NEW.reactive_energy_import_t3_kvarh),
    reactive_energy_import_t4_kvarh = COALESCE(reactive_energy_import_t4_kvarh, NEW.reactive_energy_import_t4_kvarh),
    reactive_energy_export_kvarh = COALESCE(reactive_energy_export_kvarh, NEW.reactive_energy_export_kvarh),
    reactive_energy_export_l1_kvarh = COALESCE(reactive_energy_export_l1_kvarh, NEW.reactive_energy_export_l1_kvarh),
    reactive_energy_export_l2_kvarh = COALESCE(reactive_energy_export_l2_kvarh, NEW.reactive_energy_export_l2_kvarh),
    reactive_energy_export_l3_kvarh = COALESCE(reactive_energy_export_l3_kvarh, NEW.reactive_energy_export_l3_kvarh),
    reactive_energy_export_t1_kvarh = COALESCE(reactive_energy_export_t1_kvarh, NEW.reactive_energy_export_t1_kvarh),
    reactive_energy_export_t2_kvarh = COALESCE(reactive_energy_export_t2_kvarh, NEW.reactive_energy_export_t2_kvarh),
    reactive_energy_export_t3_kvarh = COALESCE(reactive_energy_export_t3_kvarh, NEW.reactive_energy_export_t3_kvarh),
    reactive_energy_export_t4_kvarh = COALESCE(reactive_energy_export_t4_kvarh, NEW.reactive_energy_export_t4_kvarh);
-- end
END //

-- A demand is new when its power is: with its row, or behind the energies of the same second.
CREATE OR REPLACE TRIGGER electricity_demand AFTER INSERT ON electricity FOR EACH ROW
BEGIN
  IF NEW.role = 'grid' AND NEW.power_w IS NOT NULL THEN
    INSERT INTO instantaneous_demand (time, demand, multiplier, divisor, run, hash)
    VALUES (NEW.time, ROUND(NEW.power_w), 1, 1000, COALESCE(NEW.run, ''), COALESCE(NEW.run_id, ''));
  END IF;
END //

CREATE OR REPLACE TRIGGER electricity_demand_later AFTER UPDATE ON electricity FOR EACH ROW
BEGIN
  IF NEW.role = 'grid' AND NEW.power_w IS NOT NULL AND OLD.power_w IS NULL THEN
    INSERT INTO instantaneous_demand (time, demand, multiplier, divisor, run, hash)
    VALUES (NEW.time, ROUND(NEW.power_w), 1, 1000, COALESCE(NEW.run, ''), COALESCE(NEW.run_id, ''));
  END IF;
END //

CREATE OR REPLACE TRIGGER run_info_once BEFORE INSERT ON run_info_making FOR EACH ROW
BEGIN
  INSERT INTO run_info (name, hash, meter_id, time)
  SELECT NEW.name, NEW.id, NEW.meter_id, NEW.time FROM DUAL
  WHERE NOT EXISTS (SELECT 1 FROM run_info WHERE hash = NEW.id);
END //

DELIMITER ;

RENAME TABLE electricity_making TO electricity_in, run_info_making TO run_info_in;
