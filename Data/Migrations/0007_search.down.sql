revoke select on jobs, folders from workflows_search;
drop table search.parked_work, search.model_parts, search.models, search.embeddings, search.chunks, search.documents, search.corpora;
drop schema search;
