-- The tables of the sink `postgresql.conf`, for PostgreSQL 12 or newer. They may be made anew at any time: what is there
-- stays.
--
--   sudo -u postgres psql -v ON_ERROR_STOP=1 energychannel <postgresql.sql
--
-- Telegraf sends a batch again when it has not heard that it arrived, so the same reading can come twice. It writes into
-- `electricity_in` and `run_info_in`, which keep nothing; their triggers put each reading once into the tables that are read.
-- A stick tells its power and its energies apart, and often of the same second: a field that comes later joins its row, as in
-- InfluxDB, and one that is there stays, so that what comes twice changes nothing.

BEGIN;

-- Where the sink is writing, this waits for it, by the table that it takes first: else the two may wait for each other.
DO $$ BEGIN
  IF to_regclass('electricity_in') IS NOT NULL THEN
    LOCK TABLE electricity_in;
  END IF;
END $$;

-- One row a reading, at the decimals of the meter; NULL is what the meter does not have.
CREATE TABLE IF NOT EXISTS electricity (
  time timestamptz NOT NULL,
  site text NOT NULL DEFAULT '',
  meter text NOT NULL DEFAULT '',
  role text NOT NULL DEFAULT '',
  run text,
  run_id text,
  PRIMARY KEY (time, meter, site)
);
ALTER TABLE electricity
-- schema.py: columns
  ADD COLUMN IF NOT EXISTS voltage_v double precision, ADD COLUMN IF NOT EXISTS voltage_l1_v double precision,
  ADD COLUMN IF NOT EXISTS voltage_l2_v double precision,
  ADD COLUMN IF NOT EXISTS voltage_l3_v double precision, ADD COLUMN IF NOT EXISTS current_a double precision,
  ADD COLUMN IF NOT EXISTS current_l1_a double precision,
  ADD COLUMN IF NOT EXISTS current_l2_a double precision,
  ADD COLUMN IF NOT EXISTS current_l3_a double precision, ADD COLUMN IF NOT EXISTS power_w double precision,
  ADD COLUMN IF NOT EXISTS power_l1_w double precision, ADD COLUMN IF NOT EXISTS power_l2_w double precision,
  ADD COLUMN IF NOT EXISTS power_l3_w double precision,
  ADD COLUMN IF NOT EXISTS reactive_power_var double precision,
  ADD COLUMN IF NOT EXISTS reactive_power_l1_var double precision,
  ADD COLUMN IF NOT EXISTS reactive_power_l2_var double precision,
  ADD COLUMN IF NOT EXISTS reactive_power_l3_var double precision,
  ADD COLUMN IF NOT EXISTS apparent_power_va double precision,
  ADD COLUMN IF NOT EXISTS apparent_power_l1_va double precision,
  ADD COLUMN IF NOT EXISTS apparent_power_l2_va double precision,
  ADD COLUMN IF NOT EXISTS apparent_power_l3_va double precision,
  ADD COLUMN IF NOT EXISTS power_factor double precision,
  ADD COLUMN IF NOT EXISTS power_factor_l1 double precision,
  ADD COLUMN IF NOT EXISTS power_factor_l2 double precision,
  ADD COLUMN IF NOT EXISTS power_factor_l3 double precision,
  ADD COLUMN IF NOT EXISTS phase_angle_degrees double precision,
  ADD COLUMN IF NOT EXISTS phase_angle_l1_degrees double precision,
  ADD COLUMN IF NOT EXISTS phase_angle_l2_degrees double precision,
  ADD COLUMN IF NOT EXISTS phase_angle_l3_degrees double precision,
  ADD COLUMN IF NOT EXISTS frequency_hz double precision,
  ADD COLUMN IF NOT EXISTS voltage_distortion_percent double precision,
  ADD COLUMN IF NOT EXISTS voltage_distortion_l1_percent double precision,
  ADD COLUMN IF NOT EXISTS voltage_distortion_l2_percent double precision,
  ADD COLUMN IF NOT EXISTS voltage_distortion_l3_percent double precision,
  ADD COLUMN IF NOT EXISTS current_distortion_percent double precision,
  ADD COLUMN IF NOT EXISTS current_distortion_l1_percent double precision,
  ADD COLUMN IF NOT EXISTS current_distortion_l2_percent double precision,
  ADD COLUMN IF NOT EXISTS current_distortion_l3_percent double precision,
  ADD COLUMN IF NOT EXISTS energy_total_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_l1_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_l2_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_l3_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_t1_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_t2_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_t3_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_t4_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_l1_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_l2_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_l3_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_t1_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_t2_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_t3_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_t4_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_l1_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_l2_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_l3_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_t1_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_t2_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_t3_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_t4_kwh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_l1_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_l2_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_l3_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_t1_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_t2_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_t3_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_t4_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_l1_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_l2_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_l3_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_t1_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_t2_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_t3_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_t4_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_l1_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_l2_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_l3_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_t1_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_t2_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_t3_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_t4_kvarh double precision;
-- end

-- The two tables of old. Where they are there already they are gone on with, and their rows stay.
-- The power of the meters whose role is `grid`: demand * multiplier / divisor is in kW.
CREATE TABLE IF NOT EXISTS instantaneous_demand (
  time timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  demand integer NOT NULL,
  multiplier integer NOT NULL,
  divisor integer NOT NULL,
  run text NOT NULL,
  hash varchar(100) NOT NULL
);
CREATE INDEX IF NOT EXISTS instantaneous_demand_time ON instantaneous_demand (time);

CREATE TABLE IF NOT EXISTS run_info (
  name varchar(100) NOT NULL,
  hash varchar(100) NOT NULL,
  meter_id varchar(100) NOT NULL,
  time timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- What Telegraf writes into.
CREATE TABLE IF NOT EXISTS electricity_in (LIKE electricity INCLUDING DEFAULTS);
ALTER TABLE electricity_in
-- schema.py: columns of electricity_in
  ADD COLUMN IF NOT EXISTS voltage_v double precision, ADD COLUMN IF NOT EXISTS voltage_l1_v double precision,
  ADD COLUMN IF NOT EXISTS voltage_l2_v double precision,
  ADD COLUMN IF NOT EXISTS voltage_l3_v double precision, ADD COLUMN IF NOT EXISTS current_a double precision,
  ADD COLUMN IF NOT EXISTS current_l1_a double precision,
  ADD COLUMN IF NOT EXISTS current_l2_a double precision,
  ADD COLUMN IF NOT EXISTS current_l3_a double precision, ADD COLUMN IF NOT EXISTS power_w double precision,
  ADD COLUMN IF NOT EXISTS power_l1_w double precision, ADD COLUMN IF NOT EXISTS power_l2_w double precision,
  ADD COLUMN IF NOT EXISTS power_l3_w double precision,
  ADD COLUMN IF NOT EXISTS reactive_power_var double precision,
  ADD COLUMN IF NOT EXISTS reactive_power_l1_var double precision,
  ADD COLUMN IF NOT EXISTS reactive_power_l2_var double precision,
  ADD COLUMN IF NOT EXISTS reactive_power_l3_var double precision,
  ADD COLUMN IF NOT EXISTS apparent_power_va double precision,
  ADD COLUMN IF NOT EXISTS apparent_power_l1_va double precision,
  ADD COLUMN IF NOT EXISTS apparent_power_l2_va double precision,
  ADD COLUMN IF NOT EXISTS apparent_power_l3_va double precision,
  ADD COLUMN IF NOT EXISTS power_factor double precision,
  ADD COLUMN IF NOT EXISTS power_factor_l1 double precision,
  ADD COLUMN IF NOT EXISTS power_factor_l2 double precision,
  ADD COLUMN IF NOT EXISTS power_factor_l3 double precision,
  ADD COLUMN IF NOT EXISTS phase_angle_degrees double precision,
  ADD COLUMN IF NOT EXISTS phase_angle_l1_degrees double precision,
  ADD COLUMN IF NOT EXISTS phase_angle_l2_degrees double precision,
  ADD COLUMN IF NOT EXISTS phase_angle_l3_degrees double precision,
  ADD COLUMN IF NOT EXISTS frequency_hz double precision,
  ADD COLUMN IF NOT EXISTS voltage_distortion_percent double precision,
  ADD COLUMN IF NOT EXISTS voltage_distortion_l1_percent double precision,
  ADD COLUMN IF NOT EXISTS voltage_distortion_l2_percent double precision,
  ADD COLUMN IF NOT EXISTS voltage_distortion_l3_percent double precision,
  ADD COLUMN IF NOT EXISTS current_distortion_percent double precision,
  ADD COLUMN IF NOT EXISTS current_distortion_l1_percent double precision,
  ADD COLUMN IF NOT EXISTS current_distortion_l2_percent double precision,
  ADD COLUMN IF NOT EXISTS current_distortion_l3_percent double precision,
  ADD COLUMN IF NOT EXISTS energy_total_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_l1_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_l2_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_l3_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_t1_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_t2_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_t3_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_total_t4_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_l1_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_l2_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_l3_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_t1_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_t2_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_t3_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_import_t4_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_l1_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_l2_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_l3_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_t1_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_t2_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_t3_kwh double precision,
  ADD COLUMN IF NOT EXISTS energy_export_t4_kwh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_l1_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_l2_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_l3_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_t1_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_t2_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_t3_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_total_t4_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_l1_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_l2_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_l3_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_t1_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_t2_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_t3_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_import_t4_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_l1_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_l2_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_l3_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_t1_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_t2_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_t3_kvarh double precision,
  ADD COLUMN IF NOT EXISTS reactive_energy_export_t4_kvarh double precision;
-- end
CREATE TABLE IF NOT EXISTS run_info_in (
  time timestamptz NOT NULL,
  name text NOT NULL DEFAULT '',
  id text NOT NULL DEFAULT '',
  meter_id text NOT NULL DEFAULT ''
);

-- Whoever may write into the tables above need have no right in those before. To return NULL is to keep no row.
CREATE OR REPLACE FUNCTION electricity_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO electricity AS was SELECT (NEW).* ON CONFLICT (time, meter, site) DO UPDATE SET
    run = coalesce(was.run, EXCLUDED.run), run_id = coalesce(was.run_id, EXCLUDED.run_id),
-- schema.py: filled in
    voltage_v = coalesce(was.voltage_v, EXCLUDED.voltage_v),
    voltage_l1_v = coalesce(was.voltage_l1_v, EXCLUDED.voltage_l1_v),
    voltage_l2_v = coalesce(was.voltage_l2_v, EXCLUDED.voltage_l2_v),
    voltage_l3_v = coalesce(was.voltage_l3_v, EXCLUDED.voltage_l3_v),
    current_a = coalesce(was.current_a, EXCLUDED.current_a),
    current_l1_a = coalesce(was.current_l1_a, EXCLUDED.current_l1_a),
    current_l2_a = coalesce(was.current_l2_a, EXCLUDED.current_l2_a),
    current_l3_a = coalesce(was.current_l3_a, EXCLUDED.current_l3_a),
    power_w = coalesce(was.power_w, EXCLUDED.power_w),
    power_l1_w = coalesce(was.power_l1_w, EXCLUDED.power_l1_w),
    power_l2_w = coalesce(was.power_l2_w, EXCLUDED.power_l2_w),
    power_l3_w = coalesce(was.power_l3_w, EXCLUDED.power_l3_w),
    reactive_power_var = coalesce(was.reactive_power_var, EXCLUDED.reactive_power_var),
    reactive_power_l1_var = coalesce(was.reactive_power_l1_var, EXCLUDED.reactive_power_l1_var),
    reactive_power_l2_var = coalesce(was.reactive_power_l2_var, EXCLUDED.reactive_power_l2_var),
    reactive_power_l3_var = coalesce(was.reactive_power_l3_var, EXCLUDED.reactive_power_l3_var),
    apparent_power_va = coalesce(was.apparent_power_va, EXCLUDED.apparent_power_va),
    apparent_power_l1_va = coalesce(was.apparent_power_l1_va, EXCLUDED.apparent_power_l1_va),
    apparent_power_l2_va = coalesce(was.apparent_power_l2_va, EXCLUDED.apparent_power_l2_va),
    apparent_power_l3_va = coalesce(was.apparent_power_l3_va, EXCLUDED.apparent_power_l3_va),
    power_factor = coalesce(was.power_factor, EXCLUDED.power_factor),
    power_factor_l1 = coalesce(was.power_factor_l1, EXCLUDED.power_factor_l1),
    power_factor_l2 = coalesce(was.power_factor_l2, EXCLUDED.power_factor_l2),
    power_factor_l3 = coalesce(was.power_factor_l3, EXCLUDED.power_factor_l3),
    phase_angle_degrees = coalesce(was.phase_angle_degrees, EXCLUDED.phase_angle_degrees),
    phase_angle_l1_degrees = coalesce(was.phase_angle_l1_degrees, EXCLUDED.phase_angle_l1_degrees),
    phase_angle_l2_degrees = coalesce(was.phase_angle_l2_degrees, EXCLUDED.phase_angle_l2_degrees),
    phase_angle_l3_degrees = coalesce(was.phase_angle_l3_degrees, EXCLUDED.phase_angle_l3_degrees),
    frequency_hz = coalesce(was.frequency_hz, EXCLUDED.frequency_hz),
    voltage_distortion_percent = coalesce(was.voltage_distortion_percent, EXCLUDED.voltage_distortion_percent),
    voltage_distortion_l1_percent = coalesce(was.voltage_distortion_l1_percent, EXCLUDED.voltage_distortion_l1_percent),
    voltage_distortion_l2_percent = coalesce(was.voltage_distortion_l2_percent, EXCLUDED.voltage_distortion_l2_percent),
    voltage_distortion_l3_percent = coalesce(was.voltage_distortion_l3_percent, EXCLUDED.voltage_distortion_l3_percent),
    current_distortion_percent = coalesce(was.current_distortion_percent, EXCLUDED.current_distortion_percent),
    current_distortion_l1_percent = coalesce(was.current_distortion_l1_percent, EXCLUDED.current_distortion_l1_percent),
    current_distortion_l2_percent = coalesce(was.current_distortion_l2_percent, EXCLUDED.current_distortion_l2_percent),
    current_distortion_l3_percent = coalesce(was.current_distortion_l3_percent, EXCLUDED.current_distortion_l3_percent),
    energy_total_kwh = coalesce(was.energy_total_kwh, EXCLUDED.energy_total_kwh),
    energy_total_l1_kwh = coalesce(was.energy_total_l1_kwh, EXCLUDED.energy_total_l1_kwh),
    energy_total_l2_kwh = coalesce(was.energy_total_l2_kwh, EXCLUDED.energy_total_l2_kwh),
    energy_total_l3_kwh = coalesce(was.energy_total_l3_kwh, EXCLUDED.energy_total_l3_kwh),
    energy_total_t1_kwh = coalesce(was.energy_total_t1_kwh, EXCLUDED.energy_total_t1_kwh),
    energy_total_t2_kwh = coalesce(was.energy_total_t2_kwh, EXCLUDED.energy_total_t2_kwh),
    energy_total_t3_kwh = coalesce(was.energy_total_t3_kwh, EXCLUDED.energy_total_t3_kwh),
    energy_total_t4_kwh = coalesce(was.energy_total_t4_kwh, EXCLUDED.energy_total_t4_kwh),
    energy_import_kwh = coalesce(was.energy_import_kwh, EXCLUDED.energy_import_kwh),
    energy_import_l1_kwh = coalesce(was.energy_import_l1_kwh, EXCLUDED.energy_import_l1_kwh),
    energy_import_l2_kwh = coalesce(was.energy_import_l2_kwh, EXCLUDED.energy_import_l2_kwh),
    energy_import_l3_kwh = coalesce(was.energy_import_l3_kwh, EXCLUDED.energy_import_l3_kwh),
    energy_import_t1_kwh = coalesce(was.energy_import_t1_kwh, EXCLUDED.energy_import_t1_kwh),
    energy_import_t2_kwh = coalesce(was.energy_import_t2_kwh, EXCLUDED.energy_import_t2_kwh),
    energy_import_t3_kwh = coalesce(was.energy_import_t3_kwh, EXCLUDED.energy_import_t3_kwh),
    energy_import_t4_kwh = coalesce(was.energy_import_t4_kwh, EXCLUDED.energy_import_t4_kwh),
    energy_export_kwh = coalesce(was.energy_export_kwh, EXCLUDED.energy_export_kwh),
    energy_export_l1_kwh = coalesce(was.energy_export_l1_kwh, EXCLUDED.energy_export_l1_kwh),
    energy_export_l2_kwh = coalesce(was.energy_export_l2_kwh, EXCLUDED.energy_export_l2_kwh),
    energy_export_l3_kwh = coalesce(was.energy_export_l3_kwh, EXCLUDED.energy_export_l3_kwh),
    energy_export_t1_kwh = coalesce(was.energy_export_t1_kwh, EXCLUDED.energy_export_t1_kwh),
    energy_export_t2_kwh = coalesce(was.energy_export_t2_kwh, EXCLUDED.energy_export_t2_kwh),
    energy_export_t3_kwh = coalesce(was.energy_export_t3_kwh, EXCLUDED.energy_export_t3_kwh),
    energy_export_t4_kwh = coalesce(was.energy_export_t4_kwh, EXCLUDED.energy_export_t4_kwh),
    reactive_energy_total_kvarh = coalesce(was.reactive_energy_total_kvarh, EXCLUDED.reactive_energy_total_kvarh),
    reactive_energy_total_l1_kvarh = coalesce(was.reactive_energy_total_l1_kvarh, EXCLUDED.reactive_energy_total_l1_kvarh),
    reactive_energy_total_l2_kvarh = coalesce(was.reactive_energy_total_l2_kvarh, EXCLUDED.reactive_energy_total_l2_kvarh),
    reactive_energy_total_l3_kvarh = coalesce(was.reactive_energy_total_l3_kvarh, EXCLUDED.reactive_energy_total_l3_kvarh),
    reactive_energy_total_t1_kvarh = coalesce(was.reactive_energy_total_t1_kvarh, EXCLUDED.reactive_energy_total_t1_kvarh),
    reactive_energy_total_t2_kvarh = coalesce(was.reactive_energy_total_t2_kvarh, EXCLUDED.reactive_energy_total_t2_kvarh),
    reactive_energy_total_t3_kvarh = coalesce(was.reactive_energy_total_t3_kvarh, EXCLUDED.reactive_energy_total_t3_kvarh),
    reactive_energy_total_t4_kvarh = coalesce(was.reactive_energy_total_t4_kvarh, EXCLUDED.reactive_energy_total_t4_kvarh),
    reactive_energy_import_kvarh = coalesce(was.reactive_energy_import_kvarh, EXCLUDED.reactive_energy_import_kvarh),
    reactive_energy_import_l1_kvarh = coalesce(was.reactive_energy_import_l1_kvarh, EXCLUDED.reactive_energy_import_l1_kvarh),
    reactive_energy_import_l2_kvarh = coalesce(was.reactive_energy_import_l2_kvarh, EXCLUDED.reactive_energy_import_l2_kvarh),
    reactive_energy_import_l3_kvarh = coalesce(was.reactive_energy_import_l3_kvarh, EXCLUDED.reactive_energy_import_l3_kvarh),
    reactive_energy_import_t1_kvarh = coalesce(was.reactive_energy_import_t1_kvarh, EXCLUDED.reactive_energy_import_t1_kvarh),
    reactive_energy_import_t2_kvarh = coalesce(was.reactive_energy_import_t2_kvarh, EXCLUDED.reactive_energy_import_t2_kvarh),
    reactive_energy_import_t3_kvarh = coalesce(was.reactive_energy_import_t3_kvarh, EXCLUDED.reactive_energy_import_t3_kvarh),
    reactive_energy_import_t4_kvarh = coalesce(was.reactive_energy_import_t4_kvarh, EXCLUDED.reactive_energy_import_t4_kvarh),
    reactive_energy_export_kvarh = coalesce(was.reactive_energy_export_kvarh, EXCLUDED.reactive_energy_export_kvarh),
    reactive_energy_export_l1_kvarh = coalesce(was.reactive_energy_export_l1_kvarh, EXCLUDED.reactive_energy_export_l1_kvarh),
    reactive_energy_export_l2_kvarh = coalesce(was.reactive_energy_export_l2_kvarh, EXCLUDED.reactive_energy_export_l2_kvarh),
    reactive_energy_export_l3_kvarh = coalesce(was.reactive_energy_export_l3_kvarh, EXCLUDED.reactive_energy_export_l3_kvarh),
    reactive_energy_export_t1_kvarh = coalesce(was.reactive_energy_export_t1_kvarh, EXCLUDED.reactive_energy_export_t1_kvarh),
    reactive_energy_export_t2_kvarh = coalesce(was.reactive_energy_export_t2_kvarh, EXCLUDED.reactive_energy_export_t2_kvarh),
    reactive_energy_export_t3_kvarh = coalesce(was.reactive_energy_export_t3_kvarh, EXCLUDED.reactive_energy_export_t3_kvarh),
    reactive_energy_export_t4_kvarh = coalesce(was.reactive_energy_export_t4_kvarh, EXCLUDED.reactive_energy_export_t4_kvarh);
-- end
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS electricity_once ON electricity_in;
CREATE TRIGGER electricity_once BEFORE INSERT ON electricity_in FOR EACH ROW EXECUTE FUNCTION electricity_once();

-- A demand is new when its power is: with its row, or behind the energies of the same second.
CREATE OR REPLACE FUNCTION electricity_demand() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.role = 'grid' AND NEW.power_w IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.power_w IS NULL) THEN
    INSERT INTO instantaneous_demand (time, demand, multiplier, divisor, run, hash)
    VALUES (NEW.time, round(least(greatest(NEW.power_w, -2147483647), 2147483647)), 1, 1000,
            coalesce(NEW.run, ''), left(coalesce(NEW.run_id, ''), 100));
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS electricity_demand ON electricity;
CREATE TRIGGER electricity_demand AFTER INSERT OR UPDATE ON electricity
FOR EACH ROW EXECUTE FUNCTION electricity_demand();

CREATE OR REPLACE FUNCTION run_info_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO run_info (name, hash, meter_id, time)
  SELECT left(NEW.name, 100), left(NEW.id, 100), left(NEW.meter_id, 100), NEW.time
  WHERE NOT EXISTS (SELECT 1 FROM run_info WHERE hash = left(NEW.id, 100));
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS run_info_once ON run_info_in;
CREATE TRIGGER run_info_once BEFORE INSERT ON run_info_in FOR EACH ROW EXECUTE FUNCTION run_info_once();

COMMIT;
