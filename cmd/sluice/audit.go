package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/executor/audit"
)

// exitFaults is the exit code of a log that is not as it was written.
const exitFaults = 4

const verifyLong = `Checks that an audit log is as it was written: that no line was changed, cut, taken out, put
in twice or moved. Each file is read with the numbered ones that belong to it.

Lines that were cut off behind the last one that is left cannot be missed, but a process that
ends in order says so in its last line; of how many chains that is missing is counted. --json
gives each chain with the hash of its last line: whoever keeps that elsewhere can see later
that the log up to there is the same.

Exit codes: 0 all is as it was written, 4 it is not, 1 a file could not be read, 2 wrong usage.`

func newAuditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Check the audit log",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newVerifyCommand())
	return cmd
}

func newVerifyCommand() *cobra.Command {
	var path string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "verify [FILE...]",
		Short:   "Find lines of the audit log that were changed, cut or moved",
		Long:    verifyLong,
		Example: "  sluice audit verify audit.jsonl\n  sluice audit verify --config sluice.yaml --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := auditFiles(path, args)
			if err != nil {
				return err
			}
			return verifyAudit(cmd, files, asJSON)
		},
	}
	addConfigFlag(cmd.Flags(), &path, "config `file` that says where the audit log is")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// auditFiles returns the logs that the command line names, itself or by a config.
func auditFiles(path string, args []string) ([]string, error) {
	if path == "" || len(args) > 0 {
		if path != "" || len(args) == 0 {
			return nil, usageError("`sluice audit verify --help` shows what it takes", "name either the files of a log or, with --config, its config")
		}
		return args, nil
	}
	cfg, err := loadConfig(path)
	if err != nil {
		return nil, err
	}
	if cfg.Engine.Audit.Path == "" {
		return nil, usageError("engine.audit.path says where one is written", "%s has no audit log", path)
	}
	return []string{cfg.Engine.Audit.Path}, nil
}

func verifyAudit(cmd *cobra.Command, files []string, asJSON bool) error {
	r, err := audit.Verify(cmd.Context(), files...)
	if err != nil {
		return hinted("a log is begun with the first call", err)
	}
	v := newVerdict(r)
	if asJSON {
		err = v.writeJSON(cmd.OutOrStdout())
	} else {
		err = v.write(cmd.OutOrStdout())
	}
	if err == nil && !v.Whole {
		err = &failure{code: exitFaults, err: errors.New("the audit log is not as it was written")}
	}
	return err
}

// A verdict is what was found of an audit log. The field names are those of the JSON
// output.
type verdict struct {
	Whole      bool         `json:"whole"`
	Files      []string     `json:"files"`
	Lines      int          `json:"lines"`
	Chains     []auditChain `json:"chains"`
	Faults     []auditFault `json:"faults"`
	MoreFaults int          `json:"more_faults"`
	Resumed    int          `json:"resumed"`
}

type auditChain struct {
	ID      string `json:"chain"`
	Host    string `json:"host"`
	PID     int    `json:"pid"`
	Version string `json:"version"`
	First   uint64 `json:"first_seq"`
	Last    uint64 `json:"last_seq"`
	Hash    string `json:"hash"`
	Closed  bool   `json:"closed"`
	Dropped uint64 `json:"dropped"`
}

type auditFault struct {
	File    string        `json:"file"`
	Line    int           `json:"line"`
	Problem audit.Problem `json:"problem"`
	Chain   string        `json:"chain,omitempty"`
	Seq     uint64        `json:"seq"`
	Text    string        `json:"text"`
}

func newVerdict(r *audit.Report) *verdict {
	v := &verdict{
		Whole: len(r.Faults) == 0, Files: r.Files, Lines: r.Lines, MoreFaults: r.MoreFaults, Resumed: r.Resumed,
		Chains: []auditChain{}, Faults: []auditFault{},
	}
	for _, c := range r.Chains {
		v.Chains = append(v.Chains, auditChain(c))
	}
	for _, f := range r.Faults {
		v.Faults = append(v.Faults, auditFault(f))
	}
	return v
}

func (v *verdict) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// write prints the faults as FILE:LINE, and what there is.
func (v *verdict) write(w io.Writer) error {
	var b strings.Builder
	for _, f := range v.Faults {
		fmt.Fprintf(&b, "%s:%d: %s: %s\n", f.File, f.Line, f.Problem, f.Text)
	}
	if v.MoreFaults > 0 {
		fmt.Fprintf(&b, "and %s more\n", count(v.MoreFaults, "fault"))
	}
	fmt.Fprintf(&b, "%s, %s, %s, %s\n", count(len(v.Files), "file"), count(v.Lines, "line"),
		count(len(v.Chains), "chain"), count(len(v.Faults)+v.MoreFaults, "fault"))
	open, dropped := 0, uint64(0)
	for _, c := range v.Chains {
		dropped += c.Dropped
		if !c.Closed {
			open++
		}
	}
	if open > 0 {
		fmt.Fprintf(&b, "%s without an end: a process that runs or was killed, or its last lines are gone\n", count(open, "chain"))
	}
	if dropped > 0 {
		fmt.Fprintf(&b, "%s lost by processes that could not write them, as they say themselves\n", count(int(dropped), "line"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
