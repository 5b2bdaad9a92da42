package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net"

	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// serveWebSocket listens for WebSocket clients until ctx is done.
func serveWebSocket(ctx context.Context, server *transport.Server, log *slog.Logger, args []string) error {
	flags := flag.NewFlagSet("everything serve", flag.ExitOnError)
	address := flags.String("listen", "127.0.0.1:7777", "the address to listen at; port 0 takes a free one")
	secret := flags.String("token", "", "what clients must send")
	var origins []string
	flags.Func("origin", "a web origin whose pages may connect, such as http://localhost:*; may be repeated",
		func(origin string) error { origins = append(origins, origin); return nil })
	if err := flags.Parse(args); err != nil {
		return err
	}
	tokens, err := websocket.NewTokens(websocket.Token{Name: "tester", Secret: *secret})
	if err != nil {
		return err
	}
	handler, err := websocket.NewHandler(websocket.Options{
		Tokens:  tokens,
		Origins: origins,
		Serve:   connection(server, log),
		Logger:  log,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	log.Info("listening", "url", "ws://"+listener.Addr().String()+"/mcp")
	return serveUntil(ctx, listener, handler, func() { shutDown(server, log) })
}

// connection returns what serves each of the connections.
func connection(server *transport.Server, log *slog.Logger) func(context.Context, *websocket.Stream, websocket.Peer) {
	return func(ctx context.Context, stream *websocket.Stream, peer websocket.Peer) {
		err := server.Serve(ctx, stream, transport.Peer{
			Transport: "websocket", Caller: peer.Caller, Address: peer.Address,
		})
		if err != nil {
			log.Info("a connection broke", "address", peer.Address, "error", err)
		}
	}
}

// serveUntil serves HTTP until ctx is done, then ends the connections with end and
// the listener after them.
func serveUntil(ctx context.Context, listener net.Listener, handler *websocket.Handler, end func()) error {
	web := websocket.NewServer(handler)
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	handler.Drain()
	end()
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return errors.Join(handler.Shutdown(rest), web.Shutdown(rest))
}
