-- Every attempt, wherever it is written: the one that delivered a message is in the row of the message.
create or replace view message_deliveries as
select message_id, number, outcome, started_at, latency_ms, request, status, response_headers, response_body, error from deliveries
union all
select id, attempts, 'delivered', sent_at, latency_ms, request, status, response_headers, response_body, null
from messages where latency_ms is not null;
