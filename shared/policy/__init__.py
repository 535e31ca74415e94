"""Policy as data: the packs' model, the loader, and the deadlines that follow from them."""
