drop trigger notifications_told on notifications;
drop function tell_of_notifications();
