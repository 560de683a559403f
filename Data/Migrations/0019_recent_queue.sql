-- What was queued lately, whoever's it is: a sweep that begins where the last complete one ended reads no entry of rows that are long done, also while a forgotten
-- transaction keeps PostgreSQL from removing them.
create index executions_queued_since on executions (queued_at) where status = 'queued';
