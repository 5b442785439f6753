-- Each creation wrote a page of it, and nobody orders by id: such a search sorts, what else used it has `run_by_start`.
DROP INDEX run_by_id;
