package transport_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/sluice-dev/sluice/schema"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// TestTranscriptsConform validates every message of the golden transcripts that the
// server sends against the published JSON Schema of its revision. The schemas lie
// beside the repository, or in the folder that SLUICE_SPEC names.
func TestTranscriptsConform(t *testing.T) {
	folder := os.Getenv("SLUICE_SPEC")
	if folder == "" {
		folder = "../../shared/spec"
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no published schemas here: %v", err)
	}
	files, err := filepath.Glob(transcripts + "/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	specs := map[string]*spec{}
	for _, revision := range mcp.Revisions() {
		specs[revision.Version] = loadSpec(t, filepath.Join(folder, "schema-"+revision.Version+".json"))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { conform(t, file, specs) })
	}
}

func conform(t *testing.T, file string, specs map[string]*spec) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var revision string
	methods := map[string]string{} // of the requests, by raw id
	checked := 0
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "@ "):
			revision = line[2:]
		case strings.HasPrefix(line, "> "):
			for _, m := range envelopes(expand(line[2:])) {
				methods[string(m.ID)] = m.Method
			}
		case strings.HasPrefix(line, "< "):
			for _, m := range envelopes(line[2:]) {
				checked++
				if err := specs[revision].check(m, methods); err != nil {
					t.Errorf("%s:%d: %s\n%v", filepath.Base(file), i+1, line, err)
				}
			}
		}
	}
	if checked == 0 {
		t.Error("nothing was checked")
	}
}

// An envelope is a message as far as the test has to look into it.
type envelope struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
	text   string
}

// envelopes returns the message, or the messages of the batch, that text is; none
// where it is neither.
func envelopes(text string) []envelope {
	raw := []json.RawMessage{json.RawMessage(text)}
	if strings.HasPrefix(text, "[") && json.Unmarshal([]byte(text), &raw) != nil {
		return nil
	}
	var all []envelope
	for _, each := range raw {
		var m envelope
		if json.Unmarshal(each, &m) == nil {
			m.text = string(each)
			all = append(all, m)
		}
	}
	return all
}

// A spec is the published schema of one revision.
type spec struct {
	compiler *jsonschema.Compiler
	url      string
	defs     string
	loose    bool // an error response has to have an id in it
}

func loadSpec(t *testing.T, file string) *spec {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &spec{compiler: jsonschema.NewCompiler(), url: filepath.Base(file), defs: "$defs"}
	if !strings.Contains(string(text), `"$defs"`) {
		s.defs, s.loose = "definitions", true
	}
	if err := s.compiler.AddResource(s.url, strings.NewReader(string(text))); err != nil {
		t.Fatal(err)
	}
	return s
}

// results are the types of the results, by method.
var results = map[string]string{
	mcp.MethodInitialize: "InitializeResult",
	mcp.MethodPing:       "EmptyResult",
	mcp.MethodSetLevel:   "EmptyResult",
	mcp.MethodListTools:  "ListToolsResult",
	mcp.MethodCallTool:   "CallToolResult",
	mcp.MethodDiscover:   "DiscoverResult",
	mcp.MethodListen:     "SubscriptionsListenResult",
}

func (s *spec) check(m envelope, methods map[string]string) error {
	switch {
	case m.Method != "":
		return s.validate("ServerNotification", m.text)
	case m.Error != nil && s.loose && m.ID == nil:
		// These revisions have no form for an error that has no id; it is sent in
		// that of their successors.
		return s.validate("JSONRPCMessage", strings.Replace(m.text, `{`, `{"id":0,`, 1))
	case m.Error != nil:
		return s.validate("JSONRPCMessage", m.text)
	}
	if err := s.validate("JSONRPCMessage", m.text); err != nil {
		return err
	}
	return s.validate(results[methods[string(m.ID)]], string(m.Result))
}

func (s *spec) validate(definition, text string) error {
	compiled, err := s.compiler.Compile(s.url + "#/" + s.defs + "/" + definition)
	if err != nil {
		return err
	}
	value, err := schema.Decode([]byte(text))
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}
