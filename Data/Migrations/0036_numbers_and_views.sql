-- What people keep of a list: its filter and columns, for themselves or for everybody.
create table saved_views (
  tenant_id   uuid not null,
  id          uuid not null,
  list        text not null,
  name        text not null,
  owner_id    uuid not null,
  shared      boolean not null default false,
  content     jsonb not null,
  version     int not null default 1,
  created_at  timestamptz not null,
  updated_at  timestamptz not null,

  primary key (tenant_id, id),
  foreign key (tenant_id, owner_id) references users on delete cascade
);
create index saved_views_of_list on saved_views (tenant_id, list, owner_id);
create unique index saved_views_name_unique on saved_views (tenant_id, owner_id, list, lower(name));

-- Numbers that programs and workflows report: one row per minute and dimensions, so that a report changes few rows and a question adds up few.
create table metric_minutes (
  tenant_id   uuid not null,
  name        text not null,
  minute      timestamptz not null,
  dimensions  jsonb not null,
  points      bigint not null,
  total       double precision not null,
  lowest      double precision not null,
  highest     double precision not null,
  last        double precision not null,
  last_at     timestamptz not null,

  primary key (tenant_id, name, minute, dimensions)
);
create index metric_minutes_expiry on metric_minutes (minute);

-- The names that there are, so that nobody walks the minutes to learn them; and how many, which is bounded.
create table metric_names (
  tenant_id   uuid not null,
  name        text not null,
  first_at    timestamptz not null,
  last_at     timestamptz not null,

  primary key (tenant_id, name)
);

call protect_tenant_table('saved_views');
call protect_tenant_table('metric_minutes');
call protect_tenant_table('metric_names');
call protect_objects('saved_views', 'shared or owner_id = (select current_person())', 'owner_id = (select current_person())');
call protect_objects('metric_minutes', 'false', 'false');
call protect_objects('metric_names', 'false', 'false');
grant select, insert, update, delete on saved_views, metric_minutes, metric_names to workflows_api;
call open_to_worker('metric_minutes', 'select, insert, update, delete');
call open_to_worker('metric_names', 'select, insert, update, delete');
