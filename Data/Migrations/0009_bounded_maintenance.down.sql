alter function make_partitions_ahead(timestamptz, int) reset lock_timeout;
alter function retire_partitions(text, timestamptz) reset lock_timeout;
