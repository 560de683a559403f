drop table staged_writes;
drop table edit_transactions;
