module tracerrouter/devcluster/pause

go 1.26.0
