package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/executor/history/sqlite"
)

const historyLong = `Searches the calls of the past, the one that ended last first: those of every server of this user that
keeps its history in the same file. Without --config or --db that is the file that servers have
where nothing else is configured.

--since and --until take how long ago (90m, 7d), a day (2026-07-28), a minute of a day
("2026-07-28 14:05"), a time of today (14:05) or RFC 3339; they are about when a call came.
--text is looked for in the tool, caller, kind and reason and in what is kept of the arguments;
the whole id of a call, as in error messages and logs, finds that call.
--outcome takes ok, tool_error, failed, or one kind of failure such as timeout or overloaded.

--json prints a JSON object a line. --follow prints the last calls in the order in which they
ended, and then each as it is written, until Ctrl-C.`

const historyExample = `  sluice history
  sluice history --tool order_status --outcome timeout --since 1h
  sluice history --text 019a2f6e-7d0e-7b3c-9f5a-1f0d1c2b3a49 --json
  sluice history --follow
  sluice history stats --since 7d`

// How many calls are shown where --limit does not say: a screen of them.
const (
	defaultLimit  = 20
	defaultFollow = 10
)

type historyOptions struct {
	config, db   string
	tool, caller string
	outcome      string
	since, until string
	text         string
	limit        int
	json         bool
	follow       bool
}

func newHistoryCommand() *cobra.Command {
	var opts historyOptions
	cmd := &cobra.Command{
		Use:     "history",
		Short:   "Search past calls",
		Long:    historyLong,
		Example: historyExample,
		Args:    usageArgs(cobra.NoArgs),
		RunE:    opts.run,
	}
	opts.addFlags(cmd)
	cmd.Flags().IntVarP(&opts.limit, "limit", "n", 0, "how many calls to print at most, 0 for all (default 20; 10 with --follow)")
	cmd.Flags().BoolVarP(&opts.follow, "follow", "f", false, "go on with each call that is written")
	cmd.AddCommand(newHistoryStatsCommand())
	return cmd
}

// addFlags adds what searching and counting share.
func (o *historyOptions) addFlags(cmd *cobra.Command) {
	addConfigFlag(cmd.Flags(), &o.config, "config `file` that says where the history is")
	cmd.Flags().StringVar(&o.db, "db", "", "the `file` of the history itself")
	cmd.Flags().StringVar(&o.tool, "tool", "", "only calls of this tool, by its `name`")
	cmd.Flags().StringVar(&o.caller, "caller", "", "only calls of this caller, by its `name`")
	cmd.Flags().StringVar(&o.outcome, "outcome", "", "only calls that ended like this: ok, tool_error, failed or a `kind` of failure")
	cmd.Flags().StringVar(&o.since, "since", "", "only calls that came at this `time` or later")
	cmd.Flags().StringVar(&o.until, "until", "", "only calls that came before this `time`")
	cmd.Flags().StringVar(&o.text, "text", "", "only calls in which this `text` stands")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("config", "db")
	_ = cmd.RegisterFlagCompletionFunc("outcome", cobra.FixedCompletions( // fails for an unknown flag only
		[]cobra.Completion{"ok", "tool_error", "failed"}, cobra.ShellCompDirectiveNoFileComp))
}

// filter returns what the flags ask for.
func (o *historyOptions) filter(now time.Time) (history.Filter, error) {
	f := history.Filter{Tool: o.tool, Caller: o.caller, Text: o.text}
	switch outcome := history.Outcome(o.outcome); outcome {
	case "", history.OutcomeOK, history.OutcomeToolError, history.OutcomeFailed:
		f.Outcome = outcome
	default:
		f.Kind = history.Kind(o.outcome)
	}
	var err error
	if f.Since, err = parseMoment(o.since, now); err != nil {
		return f, usageError(momentHint, "--since: %w", err)
	}
	if f.Until, err = parseMoment(o.until, now); err != nil {
		return f, usageError(momentHint, "--until: %w", err)
	}
	return f, nil
}

// open returns the history that the flags name.
func (o *historyOptions) open() (*sqlite.Store, error) {
	path := o.db
	if path == "" {
		cfg, err := loadConfig(o.config)
		if err != nil {
			return nil, err
		}
		if cfg.Engine.History.Off {
			return nil, usageError("engine.history says where it is kept", "%s keeps no history", o.config)
		}
		if path, err = historyPath(&cfg.Engine.History); err != nil {
			return nil, usageError("--db names the file of a history", "%w", err)
		}
	}
	return sqlite.New(path, sqlite.Options{}), nil
}

func (o *historyOptions) run(cmd *cobra.Command, _ []string) error {
	filter, err := o.filter(time.Now())
	if err != nil {
		return err
	}
	if o.limit < 0 {
		return usageError("0 prints all", "--limit is negative")
	}
	filter.Limit = o.limit
	if !cmd.Flags().Changed("limit") {
		filter.Limit = defaultLimit
		if o.follow {
			filter.Limit = defaultFollow
		}
	}
	store, err := o.open()
	if err != nil {
		return err
	}
	asked, _, release := untilStopped(cmd.Context())
	defer release()
	entries := store.Query(asked, filter)
	if o.follow {
		entries = store.Follow(asked, filter)
	}
	return o.print(asked, cmd.OutOrStdout(), cmd.ErrOrStderr(), entries, store.Path())
}

// print prints entries as they come.
func (o *historyOptions) print(ctx context.Context, out, errOut io.Writer, entries iter.Seq2[history.Entry, error], path string) error {
	table := newCallTable(out)
	printed := 0
	for e, err := range entries {
		if err != nil {
			return historyError(ctx, path, err)
		}
		if o.json {
			printJSON(out, newCallLine(&e))
		} else {
			table.print(&e)
		}
		if printed++; lostOutput(out) {
			return nil // whoever read has gone, and the exit code tells
		}
	}
	if printed == 0 && !o.follow && !o.json {
		fmt.Fprintln(errOut, "no call like that; `sluice history` without flags shows the last ones")
	}
	return nil
}

// lostOutput reports whether nobody takes the output any more.
func lostOutput(out io.Writer) bool {
	o, ok := out.(*output)
	return ok && o.lost != nil
}

// historyError words what kept a history from being read.
func historyError(ctx context.Context, path string, err error) error {
	switch {
	case ctx.Err() != nil:
		return &failure{code: exitInterrupted, err: errors.New("")}
	case errors.Is(err, fs.ErrNotExist):
		return hinted("a history is begun with the first call, such as that of `sluice call echo text=hi`",
			fmt.Errorf("there is no history yet at %s", path))
	case errors.Is(err, sqlite.ErrForeign):
		return hinted("--db names the file of a history", fmt.Errorf("%s: %w", path, err))
	}
	return hinted("a server that finds its history damaged sets it aside and begins a new one", fmt.Errorf("%s: %w", path, err))
}

// A callLine is a call as --json prints it. Times are RFC 3339, units stand in the names.
type callLine struct {
	ID           string            `json:"id"`
	Tool         string            `json:"tool"`
	Caller       string            `json:"caller,omitempty"`
	Transport    string            `json:"transport,omitempty"`
	Priority     string            `json:"priority,omitempty"`
	Queued       time.Time         `json:"queued"`
	Started      *time.Time        `json:"started,omitempty"` // none where it never ran
	Finished     time.Time         `json:"finished"`
	Outcome      history.Outcome   `json:"outcome"`
	Kind         history.Kind      `json:"kind,omitempty"`
	Reason       string            `json:"reason,omitempty"`
	WaitMS       float64           `json:"wait_ms"`
	RunMS        *float64          `json:"run_ms,omitempty"`
	WaitedMS     map[string]millis `json:"waited_ms,omitempty"` // by what for
	Cached       history.Cached    `json:"cached,omitempty"`
	BytesIn      int64             `json:"bytes_in"`
	BytesOut     int64             `json:"bytes_out"`
	CPUMS        millis            `json:"cpu_ms,omitempty"`
	PeakMemory   int64             `json:"peak_memory_bytes,omitempty"`
	Sandbox      string            `json:"sandbox,omitempty"`
	NotesDropped int64             `json:"notes_dropped,omitempty"`
	Abandoned    bool              `json:"abandoned,omitempty"`
	Hash         string            `json:"arguments_sha256,omitempty"`
	Preview      string            `json:"arguments,omitempty"`
}

// millis is a duration in milliseconds.
type millis = float64

func inMillis(d time.Duration) millis { return float64(d.Microseconds()) / 1000 }

func newCallLine(e *history.Entry) *callLine {
	line := &callLine{
		ID: e.ID, Tool: e.Tool, Caller: e.Caller, Transport: e.Transport, Priority: e.Priority,
		Queued: e.Queued, Finished: e.Finished, Outcome: e.Outcome, Kind: e.Kind, Reason: e.Reason,
		WaitMS: inMillis(waited(e)), Cached: e.Cached, BytesIn: e.BytesIn, BytesOut: e.BytesOut,
		CPUMS: inMillis(e.CPU), PeakMemory: e.PeakMemory, Sandbox: e.Sandbox, NotesDropped: e.NotesDropped, Abandoned: e.Abandoned,
		Hash: e.Hash, Preview: e.Preview,
	}
	if !e.Started.IsZero() {
		run := inMillis(e.Finished.Sub(e.Started))
		line.Started, line.RunMS = &e.Started, &run
	}
	for _, w := range []struct {
		name string
		time time.Duration
	}{{"rate", e.Waits.Rate}, {"flight", e.Waits.Flight}, {"server", e.Waits.Server}, {"tool", e.Waits.Tool}} {
		if w.time > 0 {
			if line.WaitedMS == nil {
				line.WaitedMS = map[string]millis{}
			}
			line.WaitedMS[w.name] = inMillis(w.time)
		}
	}
	return line
}

// waited is how long a call waited before it ran, or to its end where it never ran.
func waited(e *history.Entry) time.Duration {
	if e.Started.IsZero() {
		return e.Finished.Sub(e.Queued)
	}
	return e.Started.Sub(e.Queued)
}

// wording says how a call ended.
func wording(e *history.Entry) string {
	if e.Kind != "" {
		return string(e.Kind)
	}
	return strings.ReplaceAll(string(e.Outcome), "_", " ")
}
