drop table metric_names, metric_minutes, saved_views;
