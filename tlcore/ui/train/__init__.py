"""The Train page: a recipe put together around its freeze schedule, and sent off."""
