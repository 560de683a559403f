drop index account_links_of_registrations;
delete from account_links where kind = 'registration';
alter table account_links drop constraint account_links_of_one;
alter table account_links add constraint account_links_of_one check ((kind = 'invitation') = (invitation_id is not null) and (kind = 'invitation') = (user_id is null));
alter table account_links drop constraint account_links_kind_known;
alter table account_links add constraint account_links_kind_known check (kind in ('invitation', 'password_reset', 'email_verification', 'email_change'));
