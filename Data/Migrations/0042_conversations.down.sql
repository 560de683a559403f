drop table conversation_messages;
drop table conversations;
drop function conversation_life(uuid);
