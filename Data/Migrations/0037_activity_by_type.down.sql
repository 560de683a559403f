drop index user_activity_by_type;
