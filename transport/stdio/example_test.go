package stdio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/sluice-dev/sluice/transport/stdio"
)

// A server that sends every message back, and says of one that is too long that it
// is.
func ExampleNew() {
	input := strings.NewReader(`{"id":1}` + "\r\n\n" + `{"id":2,"text":"` + strings.Repeat("x", 100) + `"}` + "\n" + `{"id":3}`)
	s := stdio.New(input, os.Stdout, stdio.Options{MaxMessage: 80})
	ctx := context.Background()
	for {
		msg, err := s.Read(ctx)
		var skipped *stdio.MessageError
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &skipped):
			msg = fmt.Appendf(nil, `{"error":%q}`, skipped.Skipped())
		case err != nil:
			log.Print(err)
			return
		}
		if err := s.Write(ctx, msg); err != nil {
			log.Print(err)
			return
		}
	}
	// Output:
	// {"id":1}
	// {"error":"the message is longer than 80 bytes"}
	// {"id":3}
}

// The first thing in main of a server that a client starts.
func ExampleTakeStdout() {
	client, err := stdio.TakeStdout()
	if err != nil {
		log.Fatal(err)
	}
	s := stdio.New(os.Stdin, client, stdio.Options{})
	defer s.Close(1000, "")
	fmt.Println("this goes to stderr")
}
