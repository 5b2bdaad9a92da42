package upstream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// lines is a Stream of one message a line over a pair of pipes, as a server on
// stdin and stdout speaks it.
type lines struct {
	in  *bufio.Scanner
	out io.WriteCloser
}

func (l lines) Read(context.Context) ([]byte, error) {
	if !l.in.Scan() {
		return nil, io.EOF
	}
	return l.in.Bytes(), nil
}

func (l lines) Write(_ context.Context, msg []byte) error {
	_, err := l.out.Write(append(msg[:len(msg):len(msg)], '\n'))
	return err
}

func (l lines) Close(int, string) error { return l.out.Close() }

// server answers on its side of the pipes until its input ends.
func server(in io.Reader, out io.WriteCloser) {
	defer out.Close()
	for requests := bufio.NewScanner(in); requests.Scan(); {
		var request struct {
			ID     int
			Method string
		}
		if json.Unmarshal(requests.Bytes(), &request) != nil {
			continue
		}
		switch request.Method {
		case "server/discover":
			fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%d,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}}`+"\n", request.ID)
		case "tools/list":
			fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%d,"result":{"resultType":"complete","tools":[{"name":"build","inputSchema":{"type":"object"}}]}}`+"\n", request.ID)
		case "tools/call":
			fmt.Fprintf(out, `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%d,"progress":1,"total":2}}`+"\n", request.ID)
			fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%d,"result":{"resultType":"complete","content":[{"type":"text","text":"done"}]}}`+"\n", request.ID)
		}
	}
}

func ExampleConnect() {
	fromClient, toServer := io.Pipe()
	fromServer, toClient := io.Pipe()
	go server(fromClient, toClient)

	ctx := context.Background()
	client, err := upstream.Connect(ctx, lines{bufio.NewScanner(fromServer), toServer}, upstream.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	result, err := client.CallTool(ctx, "build", json.RawMessage(`{"target":"all"}`), upstream.CallOptions{
		OnProgress: func(p tools.Progress) { fmt.Printf("progress %v of %v\n", p.Done, p.Total) },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Content[0].(tools.Text).Text)
	// Output:
	// progress 1 of 2
	// done
}

// An Upstream serves the tools of a server under a prefix, and follows it.
func ExampleNew() {
	registry := &tools.Registry{}
	files, err := upstream.New(upstream.Spec{
		Name:   "files",
		Prefix: "files_",
		Open: func(context.Context) (upstream.Stream, error) { // or Program, or Remote
			fromClient, toServer := io.Pipe()
			fromServer, toClient := io.Pipe()
			go server(fromClient, toClient)
			return lines{bufio.NewScanner(fromServer), toServer}, nil
		},
	}, registry)
	if err != nil {
		log.Fatal(err)
	}
	files.Start()
	defer files.Close(context.Background())
	<-files.Settled()
	fmt.Println(files.Status().State)
	for tool := range registry.Snapshot().All() {
		result, err := tool.Handler.Call(context.Background(), &tools.Call{Arguments: json.RawMessage(`{}`)})
		fmt.Println(tool.Name, result.Content[0].(tools.Text).Text, err)
	}
	// Output:
	// up
	// files_build done <nil>
}
