package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/sluice-dev/sluice/transport/websocket"
)

// greet answers every message of a connection until there are no more.
func greet(ctx context.Context, s *websocket.Stream, p websocket.Peer) {
	for {
		msg, err := s.Read(ctx)
		if err != nil {
			return // io.EOF for an orderly end; the stream is closed in any case
		}
		if err := s.Write(ctx, fmt.Appendf(nil, "%s says %s", p.Caller, msg)); err != nil {
			return
		}
	}
}

// A server with one caller and one page that may connect, and a client.
func ExampleNewHandler() {
	secret := websocket.NewToken()
	tokens, err := websocket.NewTokens(websocket.Token{Name: "planner", Secret: secret})
	if err != nil {
		log.Fatal(err)
	}
	handler, err := websocket.NewHandler(websocket.Options{
		Serve:   greet,
		Tokens:  tokens,
		Origins: []string{"https://shop.example"},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config = websocket.NewServer(handler) // or its ListenAndServe
	server.Start()
	defer server.Close()
	defer handler.Shutdown(context.Background())

	url := "ws" + strings.TrimPrefix(server.URL, "http") + "/mcp"
	s, err := websocket.Dial(context.Background(), url, websocket.DialOptions{Token: secret})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close(1000, "")
	if err := s.Write(context.Background(), []byte(`"hello"`)); err != nil {
		log.Fatal(err)
	}
	answer, err := s.Read(context.Background())
	fmt.Println(string(answer), err)
	// Output: planner says "hello" <nil>
}

// What to tell apart when reading.
func ExampleStream_Read() {
	read := func(ctx context.Context, s *websocket.Stream, take func([]byte)) error {
		for {
			msg, err := s.Read(ctx)
			var skipped *websocket.MessageError
			switch {
			case err == nil:
				take(msg) // which must copy what it keeps
			case errors.As(err, &skipped):
				log.Print(skipped.Skipped()) // and the next is read
			case errors.Is(err, io.EOF):
				return nil
			default:
				return err
			}
		}
	}
	_ = read
}

func ExampleDial() {
	_, err := websocket.Dial(context.Background(), "https://tools.example/mcp", websocket.DialOptions{})
	fmt.Println(err)
	// Output: websocket: the URL must be like ws://127.0.0.1:7777/mcp, wss://tools.example/mcp or unix:/run/sluice.sock
}

func ExampleNewTokens() {
	_, err := websocket.NewTokens(websocket.Token{Name: "planner", Secret: "hunter two"})
	fmt.Println(err)
	// Output: websocket: token 1 ("planner"): its secret has a character that cannot be sent: use visible ASCII without commas
}
