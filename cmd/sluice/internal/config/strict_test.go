package config

import (
	"errors"
	"strings"
	"testing"
)

// strictness has one row for each way to be wrong, with the exact text.
var strictness = []struct{ name, source, want string }{
	{
		"unknown key with a near one",
		"tools:\n  - name: a\n    command: [x]\n    tiemout: 5s\n",
		`c.yaml:4:5: unknown key "tiemout" in tools[0]
    4 |     tiemout: 5s
      |     ^
        did you mean "timeout"?`,
	},
	{
		"unknown key like no other",
		"colour: blue\n",
		`c.yaml:1:1: unknown key "colour" in the file
    1 | colour: blue
      | ^
        known keys: name, instructions, drain, listen, auth, engine, log, traces, tools, upstreams`,
	},
	{
		"key in another case",
		"Name: x\n",
		`c.yaml:1:1: unknown key "Name" in the file
    1 | Name: x
      | ^
        did you mean "name"?`,
	},
	{
		"number for a string",
		"tools: [{name: a, command: [sleep, 5]}]\n",
		`c.yaml:1:36: tools[0].command[1] must be a string, not the number 5
    1 | tools: [{name: a, command: [sleep, 5]}]
      |                                    ^
        quote it: "5"`,
	},
	{
		"number for a duration",
		"engine: {timeout: 30}\n",
		`c.yaml:1:19: engine.timeout must be a duration such as 30s or 1m30s, not the number 30
    1 | engine: {timeout: 30}
      |                   ^
        off switches it off`,
	},
	{
		"no duration",
		"engine: {timeout: soon}\n",
		`c.yaml:1:19: engine.timeout: "soon" is not a duration such as 30s or 1m30s
    1 | engine: {timeout: soon}
      |                   ^
        off switches it off`,
	},
	{
		"duration of nothing",
		"engine: {timeout: 0s}\n",
		`c.yaml:1:19: engine.timeout: must be more than 0; leave the key out for the default
    1 | engine: {timeout: 0s}
      |                   ^
        off switches it off`,
	},
	{
		"duration past all bounds",
		"engine: {timeout: 9999999999h}\n",
		`c.yaml:1:19: engine.timeout: "9999999999h" is longer than a duration can be
    1 | engine: {timeout: 9999999999h}
      |                   ^
        off switches it off`,
	},
	{
		"size without a unit",
		"tools: [{name: a, command: [x], limits: {output: \"10\"}}]\n",
		`c.yaml:1:50: tools[0].limits.output: "10" is not a size such as 512KiB or 1MiB
    1 | tools: [{name: a, command: [x], limits: {output: "10"}}]
      |                                                  ^`,
	},
	{
		"size past all bounds",
		"tools: [{name: a, command: [x], limits: {output: 99999999999GiB}}]\n",
		`c.yaml:1:50: tools[0].limits.output: "99999999999GiB" is more than can be counted
    1 | tools: [{name: a, command: [x], limits: {output: 99999999999GiB}}]
      |                                                  ^`,
	},
	{
		"fraction for a count",
		"engine: {queue: 1.5}\n",
		`c.yaml:1:17: engine.queue must be a whole number below 2147483648, not 1.5
    1 | engine: {queue: 1.5}
      |                 ^
        off switches it off`,
	},
	{
		"count below its minimum",
		"engine: {concurrency: 0}\n",
		`c.yaml:1:23: engine.concurrency must be at least 1, not 0
    1 | engine: {concurrency: 0}
      |                       ^
        leave the key out for the default`,
	},
	{
		"nobody in the queue",
		"engine: {queue: 0}\n",
		`c.yaml:1:17: engine.queue must be at least 1, not 0
    1 | engine: {queue: 0}
      |                 ^
        leave the key out for the default; off switches it off`,
	},
	{
		"no rate",
		"tools: [{name: a, command: [x], rate: often}]\n",
		`c.yaml:1:39: tools[0].rate: "often" is not a rate such as 20/s, 100/m or 20/s burst 40
    1 | tools: [{name: a, command: [x], rate: often}]
      |                                       ^`,
	},
	{
		"rate past all bounds",
		"engine: {rate: 2000000000/s burst 99999999999}\n",
		`c.yaml:1:16: engine.rate: "2000000000/s burst 99999999999" is not a rate: write it as "20/s", "100/m", "5/h" or "20/s burst 40"
    1 | engine: {rate: 2000000000/s burst 99999999999}
      |                ^`,
	},
	{
		"more than all calls",
		"engine: {breaker: {share: 1.5}}\n",
		`c.yaml:1:27: engine.breaker.share must be at most 1, not 1.5
    1 | engine: {breaker: {share: 1.5}}
      |                           ^
        leave the key out for the default; off switches it off`,
	},
	{
		"none of the calls",
		"engine: {breaker: {share: 0}}\n",
		`c.yaml:1:27: engine.breaker.share must be more than 0, not 0
    1 | engine: {breaker: {share: 0}}
      |                           ^
        leave the key out for the default; off switches it off`,
	},
	{
		"string for a fraction",
		"tools: [{name: a, command: [x], adaptive: {factor: double}}]\n",
		`c.yaml:1:52: tools[0].adaptive.factor must be a number, not the string "double"
    1 | tools: [{name: a, command: [x], adaptive: {factor: double}}]
      |                                                    ^`,
	},
	{
		"string for a section",
		"tools: [{name: a, command: [x], breaker: on}]\n",
		`c.yaml:1:42: tools[0].breaker must be a mapping or off, not the string "on"
    1 | tools: [{name: a, command: [x], breaker: on}]
      |                                          ^`,
	},
	{
		"ceiling below the floor",
		"tools:\n- name: a\n  command: [x]\n  adaptive: {floor: 5s, ceiling: 2s}\n",
		`c.yaml:4:34: tools[0].adaptive.ceiling is less than the floor
    4 |   adaptive: {floor: 5s, ceiling: 2s}
      |                                  ^`,
	},
	{
		"not one of the choices",
		"log: {level: loud}\n",
		`c.yaml:1:14: log.level must be one of debug, info, warn, error, not the string "loud"
    1 | log: {level: loud}
      |              ^`,
	},
	{
		"string for a boolean",
		"tools: [{name: a, command: [x], stream: yes}]\n",
		`c.yaml:1:41: tools[0].stream must be true or false, not the string "yes"
    1 | tools: [{name: a, command: [x], stream: yes}]
      |                                         ^`,
	},
	{
		"mapping for a list",
		"tools: {name: a}\n",
		`c.yaml:1:8: tools must be a list, not a mapping
    1 | tools: {name: a}
      |        ^`,
	},
	{
		"list for a mapping",
		"listen: [a]\n",
		`c.yaml:1:9: listen must be a mapping, not a list
    1 | listen: [a]
      |         ^`,
	},
	{
		"list for the whole file",
		"- a\n",
		`c.yaml:1:1: the file must be a mapping, not a list
    1 | - a
      | ^`,
	},
	{
		"schema that is no mapping",
		"tools: [{name: a, command: [x], input: string}]\n",
		`c.yaml:1:40: tools[0].input must be a JSON Schema, which is a mapping, not the string "string"
    1 | tools: [{name: a, command: [x], input: string}]
      |                                        ^`,
	},
	{
		"key without a value",
		"engine:\n",
		`c.yaml:1:1: engine must be a mapping, not nothing
    1 | engine:
      | ^
        give it a value or remove the key`,
	},
	{
		"missing keys",
		"tools:\n  - title: A\n",
		`c.yaml:2:5: tools[0] has no name
    2 |   - title: A
      |     ^`,
	},
	{
		"neither program nor endpoint",
		"tools:\n  - name: a\n",
		`c.yaml:2:5: tools[0] needs either command or http
    2 |   - name: a
      |     ^`,
	},
	{
		"program and endpoint",
		"tools: [{name: a, command: [b], http: {url: 'http://c'}}]\n",
		`c.yaml:1:9: tools[0] needs either command or http
    1 | tools: [{name: a, command: [b], http: {url: 'http://c'}}]
      |         ^`,
	},
	{
		"endpoint with keys of a program",
		"tools:\n  - name: a\n    http: {url: 'http://c'}\n    dir: /\n",
		`c.yaml:4:10: tools[0].dir is for programs, and this tool is an HTTP endpoint
    4 |     dir: /
      |          ^`,
	},
	{
		"endpoint with a secret in the file",
		"tools:\n  - name: a\n    http:\n      url: 'http://c'\n      auth: [{token: canary}]\n",
		`c.yaml:5:15: a token does not stand in the config file
        put it into the environment and name the variable with token_env, or into a file and name that with token_file`,
	},
	{
		"endpoint with no place for its secret",
		"tools:\n  - name: a\n    http:\n      url: 'http://c'\n      auth:\n        - header: X-Key\n",
		`c.yaml:6:11: tools[0].http.auth[0] needs either token_env or token_file
    6 |         - header: X-Key
      |           ^`,
	},
	{
		"empty command",
		"tools: [{name: a, command: []}]\n",
		`c.yaml:1:28: tools[0].command is empty
    1 | tools: [{name: a, command: []}]
      |                            ^`,
	},
	{
		"duplicate key",
		"name: a\nname: b\n",
		`c.yaml:2:1: the key "name" is written twice
    2 | name: b
      | ^`,
	},
	{
		"duplicate tool",
		"tools:\n  - {name: a, command: [x]}\n  - {name: a, command: [y]}\n",
		`c.yaml:3:12: tools[1].name: the name "a" is taken by one before it
    3 |   - {name: a, command: [y]}
      |            ^`,
	},
	{
		"address without a port",
		"listen: {address: localhost}\n",
		`c.yaml:1:19: listen.address must be host:port such as 127.0.0.1:7777, or unix:/path, not "localhost": missing port in address
    1 | listen: {address: localhost}
      |                   ^`,
	},
	{
		"socket without a path",
		"listen: {address: \"unix:\"}\n",
		`c.yaml:1:19: listen.address "unix:" has no path
    1 | listen: {address: "unix:"}
      |                   ^`,
	},
	{
		"abstract socket",
		"listen: {also: [{address: \"unix:@x\"}]}\n",
		`c.yaml:1:27: listen.also[0].address "unix:@x" is an abstract socket, which has no mode and no owner: give it a path
    1 | listen: {also: [{address: "unix:@x"}]}
      |                           ^`,
	},
	{
		"an address twice",
		"listen: {address: \"a:1\", also: [{address: \"a:1\"}]}\n",
		`c.yaml:1:43: listen.also[0].address: a:1 is listened on already
    1 | listen: {address: "a:1", also: [{address: "a:1"}]}
      |                                           ^`,
	},
	{
		"client certificates of nobody",
		"listen: {tls: {cert_file: a, key_file: b, client_cert: optional}}\n",
		`c.yaml:1:56: listen.tls.client_cert needs client_ca_file
        it names the authorities whose certificates are good`,
	},
	{
		"port past all bounds",
		"listen: {admin: \"127.0.0.1:70000\"}\n",
		`c.yaml:1:17: listen.admin must be host:port such as 127.0.0.1:7777, or unix:/path, not "127.0.0.1:70000"
    1 | listen: {admin: "127.0.0.1:70000"}
      |                 ^`,
	},
	{
		"inline token",
		"auth:\n  tokens:\n    - name: planner\n      token: canary-7f3a\n",
		`c.yaml:4:7: a token does not stand in the config file
        put it into the environment and name the variable with token_env, or into a file and name that with token_file`,
	},
	{
		"issuer of tokens with keys in two places",
		"auth:\n  jwt:\n    - {issuer: a, audience: [b], jwks_url: 'https://id.example/keys', jwks_file: c}\n",
		`c.yaml:3:7: auth.jwt[0] needs either jwks_url or jwks_file
    3 |     - {issuer: a, audience: [b], jwks_url: 'https://id.example/keys', jwks_file: c}
      |       ^`,
	},
	{
		"issuer of tokens without keys",
		"auth:\n  jwt:\n    - {issuer: a, audience: [b]}\n",
		`c.yaml:3:7: auth.jwt[0] needs either jwks_url or jwks_file
    3 |     - {issuer: a, audience: [b]}
      |       ^`,
	},
	{
		"how to fetch keys that are in a file",
		"auth:\n  jwt:\n    - issuer: a\n      audience: [b]\n      jwks_file: c\n      ca_file: d\n      refresh: 1h\n      stale: 2h\n",
		`c.yaml:6:16: auth.jwt[0].ca_file is for jwks_url, and this issuer has none
    6 |       ca_file: d
      |                ^
c.yaml:7:16: auth.jwt[0].refresh is for jwks_url, and this issuer has none
    7 |       refresh: 1h
      |                ^
c.yaml:8:14: auth.jwt[0].stale is for jwks_url, and this issuer has none
    8 |       stale: 2h
      |              ^`,
	},
	{
		"keys that anybody on the way can change",
		"auth:\n  jwt:\n    - {issuer: a, audience: [b], jwks_url: 'http://id.example/keys'}\n",
		`c.yaml:3:44: auth.jwt[0].jwks_url must begin with https:// unless it is on this machine: who can change the keys can be anybody
    3 |     - {issuer: a, audience: [b], jwks_url: 'http://id.example/keys'}
      |                                            ^`,
	},
	{
		"callers whose names are not what they look like",
		"auth:\n  callers: [{name: \"a\\u202eb*\"}]\n  tokens: [{name: \"a\\e[2J\", token_env: A}]\n  jwt: [{issuer: a, audience: [b], jwks_file: c, prefix: \"\\n\"}]\n" +
			"  certificates: {prefix: \"\\u200b\"}\n  users: [{uid: 1, name: \"\\u009b\"}]\n",
		`c.yaml:2:20: auth.callers[0].name: "a\u202eb*" has a character that is not seen
    2 |   callers: [{name: "a\u202eb*"}]
      |                    ^
        the name of a caller stands in records, logs and on terminals
c.yaml:3:19: auth.tokens[0].name: "a\x1b[2J" has a character that is not seen
        the name of a caller stands in records, logs and on terminals
c.yaml:4:58: auth.jwt[0].prefix: "\n" has a character that is not seen
    4 |   jwt: [{issuer: a, audience: [b], jwks_file: c, prefix: "\n"}]
      |                                                          ^
        the name of a caller stands in records, logs and on terminals
c.yaml:5:26: auth.certificates.prefix: "\u200b" has a character that is not seen
    5 |   certificates: {prefix: "\u200b"}
      |                          ^
        the name of a caller stands in records, logs and on terminals
c.yaml:6:26: auth.users[0].name: "\u009b" has a character that is not seen
    6 |   users: [{uid: 1, name: "\u009b"}]
      |                          ^
        the name of a caller stands in records, logs and on terminals`,
	},
	{
		"token for the name of a variable",
		"auth: {tokens: [{name: planner, token_env: canary-7f3a}]}\n",
		`c.yaml:1:44: auth.tokens[0].token_env is not the name of an environment variable in upper case
        the variable holds the token; the token itself does not stand in the config file`,
	},
	{
		"token from two places",
		"auth:\n  tokens:\n  - name: a\n    token_env: A\n    token_file: b\n",
		`c.yaml:3:5: auth.tokens[0] needs either token_env or token_file
    3 |   - name: a
      |     ^`,
	},
	{
		"merge of no mapping",
		"<<: 3\n",
		`c.yaml:1:5: what << merges must be a mapping, not the number 3
    1 | <<: 3
      |     ^`,
	},
	{
		"alias without anchor",
		"name: *a\n",
		`c.yaml:1:7: the alias *a has no anchor before it
    1 | name: *a
      |       ^`,
	},
	{
		"alias within its own anchor",
		"tools: &a [*a]\n",
		`c.yaml:1:12: the alias *a has no anchor before it
    1 | tools: &a [*a]
      |            ^`,
	},
	{
		"tag",
		"name: !!str 1\n",
		`c.yaml:1:7: a YAML tag is not supported
    1 | name: !!str 1
      |       ^
        quote the value to make it a string`,
	},
	{
		"number that JSON does not have",
		"tools: [{name: a, command: [x], input: {maximum: .inf}}]\n",
		`c.yaml:1:50: JSON has no such number
    1 | tools: [{name: a, command: [x], input: {maximum: .inf}}]
      |                                                  ^`,
	},
	{
		"second document",
		"name: a\n---\nname: b\n",
		`c.yaml:3:1: a second document: a config file holds one
    3 | name: b
      | ^`,
	},
	{
		"directive",
		"%YAML 1.2\n---\nname: x\n",
		`c.yaml:1:1: a YAML directive is not supported
    1 | %YAML 1.2
      | ^
        remove the line`,
	},
	{
		"no YAML",
		"name: [a\n",
		`c.yaml:1:7: YAML: sequence end token ']' not found
    1 | name: [a
      |       ^`,
	},
	{
		"nothing but a comment",
		"# name: x\n",
		"c.yaml: the file holds no configuration\n        `sluice schema` prints what it may hold",
	},
	{"not UTF-8", "name: \xff\n", "c.yaml: the file is not valid UTF-8"},
	{"too long", strings.Repeat("#", maxBytes+1), "c.yaml: the file has more than 1024 KiB"},
}

func TestStrict(t *testing.T) {
	t.Parallel()
	for _, test := range strictness {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("c.yaml", []byte(test.source))
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("got %v, want an *Error", err)
			}
			if err.Error() != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", err, test.want)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Error("the message holds a secret")
			}
		})
	}
}
