-- Dropping or attaching a partition locks its table against everybody. While a long reader holds that lock up, every statement
-- behind it would wait too: maintenance gives up instead, and comes again an hour later.
alter function retire_partitions(text, timestamptz) set lock_timeout = '2s';
alter function make_partitions_ahead(timestamptz, int) set lock_timeout = '2s';
