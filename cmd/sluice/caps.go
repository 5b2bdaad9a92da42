package main

import (
	"context"
	"log/slog"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// connectionCaps are those of a config, for a process that may have so many files open, or
// any number where that is 0. Half of them are left to programs, files and other servers.
func connectionCaps(l *config.Listen, files int) websocket.Caps {
	caps := websocket.Caps{
		Connections: l.MaxConnections, PerCaller: l.MaxPerCaller, PerAddress: l.MaxPerAddress,
	}.WithDefaults()
	if files > 0 {
		caps.Connections = max(1, min(caps.Connections, files/2))
	}
	return caps
}

// announceCaps says where fewer connections are let in than the config has it.
func announceCaps(l *config.Listen, files int, logger *slog.Logger) {
	wanted, caps := connectionCaps(l, 0), connectionCaps(l, files)
	if caps.Connections == wanted.Connections {
		return
	}
	level := slog.LevelInfo
	if l.MaxConnections > 0 {
		level = slog.LevelWarn
	}
	logger.Log(context.Background(), level, "fewer connections are let in, half of the files that this process may have open: raise that with ulimit -n or LimitNOFILE",
		"max_connections", wanted.Connections, "let_in", caps.Connections, "may_open", files)
}
