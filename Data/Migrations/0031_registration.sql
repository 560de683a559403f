-- A company that registers itself: a link to the address of who does, kept with the platform's own tenant until there is another one.
alter table account_links drop constraint account_links_kind_known;
alter table account_links add constraint account_links_kind_known
  check (kind in ('invitation', 'password_reset', 'email_verification', 'email_change', 'registration'));
alter table account_links drop constraint account_links_of_one;
alter table account_links add constraint account_links_of_one check (
  (kind = 'invitation') = (invitation_id is not null) and (kind in ('invitation', 'registration')) = (user_id is null));
create index account_links_of_registrations on account_links (tenant_id, lower(email), created_at) where kind = 'registration';
