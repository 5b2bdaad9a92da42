package upstream

import (
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
)

func TestDecodeResult(t *testing.T) {
	t.Parallel()
	size, half := int64(7), 0.5
	day := time.Date(2026, 7, 28, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name, raw string
		want      tools.Result
	}{
		{"empty", `{}`, tools.Result{}},
		{"failed", `{"content":[{"type":"text","text":"no"}],"isError":true}`, *tools.ErrorResult("no")},
		{"structured, digits kept", `{"structuredContent":{"n":1.00,"big":9007199254740993}}`, tools.Result{Structured: []byte(`{"n":1.00,"big":9007199254740993}`)}},
		{"structured null", `{"structuredContent":null}`, tools.Result{Structured: []byte(`null`)}},
		{"meta, digits kept", `{"_meta":{"a/b":{"big":9007199254740993}}}`, tools.Result{Meta: map[string]any{"a/b": jsontext.Value(`{"big":9007199254740993}`)}}},
		content("annotated", `{"type":"text","text":"x","annotations":{"audience":["user"],"priority":0.5,"lastModified":"2026-07-28T00:00:00Z"},"_meta":{"k":true}}`,
			tools.Text{Text: "x", Annotations: &tools.Annotations{Audience: []string{"user"}, Priority: &half, LastModified: &day}, Meta: map[string]any{"k": jsontext.Value("true")}}),
		content("annotations that cannot be read", `{"type":"text","text":"x","annotations":{"lastModified":"today"}}`, tools.Text{Text: "x"}),
		content("image", `{"type":"image","data":"AQI=","mimeType":"image/png"}`, tools.Image{Data: []byte{1, 2}, MIMEType: "image/png"}),
		content("audio", `{"type":"audio","data":"AQI=","mimeType":"audio/wav"}`, tools.Audio{Data: []byte{1, 2}, MIMEType: "audio/wav"}),
		content("link", `{"type":"resource_link","uri":"file:///a","name":"a","size":7,"icons":[{"src":"data:,"}]}`,
			tools.ResourceLink{URI: "file:///a", Name: "a", Size: &size, Icons: []tools.Icon{{Src: "data:,"}}}),
		content("resource of text", `{"type":"resource","resource":{"uri":"a:b","mimeType":"text/plain","text":"x"}}`,
			tools.EmbeddedResource{URI: "a:b", MIMEType: "text/plain", Text: "x"}),
		content("resource with meta", `{"type":"resource","resource":{"uri":"a:b","text":"x","_meta":{"k":1.0}},"_meta":{"k":2.0}}`, tools.EmbeddedResource{
			URI: "a:b", Text: "x", ContentsMeta: map[string]any{"k": jsontext.Value("1.0")}, Meta: map[string]any{"k": jsontext.Value("2.0")},
		}),
		content("resource of bytes", `{"type":"resource","resource":{"uri":"a:b","blob":"AQI="}}`, tools.EmbeddedResource{URI: "a:b", Blob: []byte{1, 2}}),
		content("unknown", `{"type":"hologram","at":1.0}`, tools.Text{Text: `{"type":"hologram","at":1.0}`}),
		content("not base64", `{"type":"image","data":"*"}`, tools.Text{Text: `{"type":"image","data":"*"}`}),
		content("no block", `null`, tools.Text{Text: `null`}),
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := decodeResult([]byte(test.raw))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Result, test.want) {
				t.Errorf("got  %#v\nwant %#v", got.Result, test.want)
			}
			compare(t, string(got.Raw), test.raw)
		})
	}
}

func content(name, block string, want tools.Content) struct {
	name, raw string
	want      tools.Result
} {
	return struct {
		name, raw string
		want      tools.Result
	}{name, `{"content":[` + block + `]}`, tools.Result{Content: []tools.Content{want}}}
}

func FuzzReceive(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"result":{"content":[null]}}`, `{"jsonrpc":"2.0","id":1,"error":null}`, `[{}]`, `[`, ``,
		`{"method":"notifications/progress","params":{"progressToken":1,"progress":1e400}}`, `{"id":1,"id":1}`,
		`{"method":"notifications/message","params":{"level":"info","data":null}}`, `{"id":{},"method":"ping"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newScripted(t)
		w := newWire(s, Options{}.withDefaults())
		defer w.loops.Wait()
		defer w.Close()
		go func() { // stands in for Conn
			for {
				select {
				case <-w.answered:
				case <-w.ctx.Done():
					return
				}
			}
		}()
		p := &pending{id: 1, opts: CallOptions{OnProgress: func(tools.Progress) {}, OnLog: func(Note) {}, LogLevel: tools.LevelDebug}}
		w.calls.add(p)
		go func() {
			for s.next() != nil {
			}
		}()
		s.send("%s", data)
		s.send("%s", data)
		w.flush()
		if p := w.calls.take(1); p != nil {
			return
		}
		if p.err == nil {
			_, _ = decodeResult(p.result)
			_, _ = decodeTool([]byte(p.result))
		}
	})
}
