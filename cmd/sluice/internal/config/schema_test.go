package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/schema"
)

const examplesDir = "../../../../testdata/configs"

var examples = []string{"anchors.yaml", "full.yaml", "minimal.yaml", "sidecar.yaml"}

// compiledSchema is the published schema, ready to validate with.
func compiledSchema(t testing.TB) *schema.Schema {
	t.Helper()
	source, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := schema.Compile(source)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// valueOf is a YAML document as the schema package takes it.
func valueOf(t testing.TB, source []byte) any {
	t.Helper()
	root, r := readYAML(source)
	if len(r.errs) > 0 {
		t.Fatal(newError("c.yaml", r.errs))
	}
	text, err := root.json()
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := schema.Decode(text)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return decoded
}

func TestSchemaAcceptsTheExamples(t *testing.T) {
	t.Parallel()
	published := compiledSchema(t)
	files, err := os.ReadDir(examplesDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !slices.Contains(examples, file.Name()) {
			t.Errorf("%s is tested by nothing", file.Name())
		}
	}
	for _, name := range examples {
		path := filepath.Join(examplesDir, name)
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := published.Validate(valueOf(t, source)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Load(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The schema and the decoder agree on what is wrong, too, wherever a schema can say
// it.
func TestSchemaRefusesWhatTheDecoderRefuses(t *testing.T) {
	t.Parallel()
	published := compiledSchema(t)
	for _, source := range []string{
		"colour: blue", "engine: {timeout: 30}", "engine: {timeout: soon}", "engine: {queue: 1.5}",
		"engine: {concurrency: 0}", "listen: {max_connections: 0}", "listen: {tls: {cert_file: a}}", "listen: {also: [{tls: {cert_file: a, key_file: b}}]}",
		"listen: {tls: {cert_file: a, key_file: b, client_ca_file: c, client_cert: ask}}", "listen: {proxy_header: X-Real-IP}", "listen: {idle_timeout: 0}",
		"engine: {queue: 0}", "engine: {queue: many}", "engine: {queue_timeout: 0}", "engine: {rate: fast}", "engine: {rate: 0/s}", "engine: {rate: 5}",
		"engine: {rate: none}", "engine: {rate: 5/s burst}", "engine: {rate: 5/fortnight}", "engine: {cache: {entries: off}}", "engine: {cache: 5}",
		"engine: {breaker: {share: 0}}", "engine: {breaker: {share: 1.5}}", "engine: {breaker: {open: off}}", "engine: {breaker: on}",
		"tools: [{name: a, command: [x], adaptive: {factor: 0.5}}]", "tools: [{name: a, command: [x], adaptive: true}]", "log: {level: loud}",
		"engine: {history: true}", "engine: {history: [off]}", "engine: {history: {rows: 0}}", "tools: {name: a}", "engine: null",
		"tools: [{title: A}]", "tools: [{name: a, command: []}]", "tools: [{name: '', command: [a]}]",
		"tools: [{name: a, command: [5]}]", "tools: [{name: a, command: [x], input: 1}]",
		"tools: [{name: a, command: [x], limits: {output: 10}}]", "auth: {tokens: [{name: a, token: b}]}",
		"tools: [{name: a}]", "tools: [{name: a, command: [x], http: {url: 'http://a'}}]", "tools: [{name: a, http: {}}]",
		"tools: [{name: a, http: {url: ''}}]", "tools: [{name: a, http: {url: 'http://a', retries: -1}}]",
		"tools: [{name: a, http: {url: 'http://a', auth: [{token: b}]}}]",
	} {
		if _, err := Parse("c.yaml", []byte(source)); err == nil {
			t.Errorf("the decoder accepts %s", source)
		}
		if published.Validate(valueOf(t, []byte(source))) == nil {
			t.Errorf("the schema accepts %s", source)
		}
	}
}

func TestSchemaDescribesEveryKey(t *testing.T) {
	t.Parallel()
	source, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	type node struct {
		Description string          `json:"description"`
		Properties  map[string]node `json:"properties"`
		Defs        map[string]node `json:"$defs"`
	}
	var root node
	if err := json.Unmarshal(source, &root); err != nil {
		t.Fatal(err)
	}
	structs := root.Defs
	structs["Config"] = root
	for name, s := range structs {
		for key, property := range s.Properties {
			if !strings.HasPrefix(property.Description, key+" ") {
				t.Errorf("%s.%s: the description is %q", name, key, property.Description)
			}
		}
	}
}

// TestFullExampleIsFull holds the one example to every key that there is.
func TestFullExampleIsFull(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join(examplesDir, "full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	root, _ := readYAML(source)
	seen := map[string]bool{}
	var walk func(*value)
	walk = func(v *value) {
		for _, f := range v.fields {
			seen[f.key] = true
			walk(f.value)
		}
		for _, item := range v.items {
			walk(item)
		}
	}
	walk(root)
	for _, t2 := range []any{Config{}, Listen{}, Listener{}, TLS{}, Auth{}, Token{}, Caller{}, Permissions{}, JWT{}, Certificates{}, User{}, Engine{}, Breaker{}, Cache{}, History{}, Audit{}, Log{}, Tool{}, Reuse{}, Adaptive{}, Annotations{}, Limits{}, HTTP{}, Credential{}, Upstream{}} {
		for _, m := range membersOf(reflect.TypeOf(t2)) {
			if !seen[m.key] {
				t.Errorf("%T: full.yaml does not show %q", t2, m.key)
			}
		}
	}
}
