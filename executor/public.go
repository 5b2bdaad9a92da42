package executor

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/schema"
	"github.com/sluice-dev/sluice/tools"
)

// maxListed is how many violations [Error.Public] lists.
const maxListed = 20

// Public returns a sentence for the caller, most often a language model: what
// happened and what to do next. It holds nothing of the cause but the violations of
// invalid arguments, and so neither paths nor stacks nor secrets.
func (e *Error) Public() string {
	switch e.Kind {
	case KindUnaudited:
		return fmt.Sprintf("The tool %q was not called: this server runs no call that it cannot write to its audit log, and it cannot now. Try again%s; where that goes on, whoever runs the server must see to it.", e.Tool, e.retryText())
	case KindUnknownTool:
		return fmt.Sprintf("There is no tool named %q. List the tools and use a name from the list.", e.Tool)
	case KindForbidden:
		return e.ownWords(fmt.Sprintf("You may not use the tool %q. Use another tool, or ask whoever runs this server for access: trying again does not help.", e.Tool))
	case KindInvalidArguments:
		return e.publicViolations()
	case KindVetoed:
		return e.ownWords(fmt.Sprintf("The call of tool %q was refused by a rule of this server. Change what it asks for or use another tool: the same call is likely to be refused again.", e.Tool))
	case KindRateLimited:
		return fmt.Sprintf("The tool %q was not called: calls come too fast%s. Try again%s.", e.Tool, e.rateText(), e.retryText())
	case KindCircuitOpen:
		return fmt.Sprintf("The tool %q was not called: it has failed too often of late and is given time to recover. Try again%s, or use another tool.", e.Tool, e.retryText())
	case KindRepeatedFailure:
		return e.publicRepeat()
	case KindOverloaded:
		return e.publicOverload()
	case KindShuttingDown:
		return fmt.Sprintf("The call of tool %q was not completed: the server is shutting down. Try again%s.", e.Tool, e.retryText())
	case KindMemoryPressure:
		return fmt.Sprintf("The tool %q was not called: the server has hardly any memory left. Try again%s.", e.Tool, e.retryText())
	case KindTimeout:
		return e.publicTimeout()
	case KindCancelled:
		return e.publicCancel()
	case KindPanic:
		return fmt.Sprintf("The tool %q crashed (call %s). The server goes on; the same call is likely to crash again, so change the arguments or use another tool.", e.Tool, e.ID)
	case KindResultTooLarge:
		return e.publicSize()
	case KindInvalidOutput:
		return fmt.Sprintf("The tool %q ran, but its answer breaks the tool's own promises and was withheld (call %s). Calling it again is unlikely to help: use another tool, or tell whoever runs the server.", e.Tool, e.ID)
	case KindInternal:
		return fmt.Sprintf("internal error (call %s): something is wrong with the tool or the server. Try again once; if that fails too, use another tool and tell whoever runs the server.", e.ID)
	}
	return fmt.Sprintf("The call of tool %q was refused: %s.%s", e.Tool, strings.ReplaceAll(string(e.Kind), "_", " "), e.retrySentence())
}

// ownWords returns what a function of the user's has written for the caller, and
// standard where it has written nothing.
func (e *Error) ownWords(standard string) string {
	var own *tools.Error
	if errors.As(e.Err, &own) {
		return own.Message
	}
	return standard + e.retrySentence()
}

func (e *Error) publicSize() string {
	what := "is too large"
	var size *oversize
	if errors.As(e.Err, &size) {
		what = size.Error()
	}
	return fmt.Sprintf("The tool %q ran, but its result was withheld: %s. Ask for less in one call, for example fewer items, a smaller range or a narrower search.", e.Tool, what)
}

func (e *Error) publicOverload() string {
	why := "its queue is full"
	switch {
	case errors.Is(e.Err, tools.ErrExhausted):
		return fmt.Sprintf("%s. Nothing was done, and nothing is wrong with the tool or its arguments: try again%s.",
			strings.TrimSuffix(e.ownWords(fmt.Sprintf("The tool %q was not run: the server has too little left of what it takes", e.Tool)), "."), e.retryText())
	case errors.Is(e.Err, ErrInFlightBytes):
		why = "the arguments of its calls take all the memory that they may"
	case errors.Is(e.Err, errShare):
		return fmt.Sprintf("The tool %q was not called: as many calls of this caller wait as may. Try again%s.", e.Tool, e.retryText())
	case errors.Is(e.Err, ErrQueueDeadline):
		why = "the call would have waited for longer than it may"
	case errors.Is(e.Err, ErrQueueTimeout):
		why = "the call has waited for as long as it may"
	}
	return fmt.Sprintf("The tool %q was not called: the server is busy and %s. Try again%s.", e.Tool, why, e.retryText())
}

func (e *Error) publicCancel() string {
	if errors.Is(e.Err, ErrStopped) {
		return fmt.Sprintf("The call of tool %q was stopped by whoever runs the server, before it had ended. Do not call it again with the same arguments unless you are told to.", e.Tool)
	}
	return fmt.Sprintf("The call of tool %q was cancelled before it had ended. Call it again if its result is still wanted.", e.Tool)
}

func (e *Error) publicTimeout() string {
	switch {
	case errors.Is(e.Err, ErrIdleTimeout):
		return fmt.Sprintf("The tool %q was stopped: it showed no progress for too long. Try again with less work in one call, or use another tool.", e.Tool)
	case !errors.Is(e.Err, ErrTimeout): // it may not even have come to the tool
		return fmt.Sprintf("The call of tool %q was given up: the time that its caller allows for it is over. Call it again with more time, or with less work in one call.", e.Tool)
	}
	return fmt.Sprintf("The tool %q was stopped: it ran longer than its time limit. Try again with less work in one call, or use another tool.", e.Tool)
}

func (e *Error) publicViolations() string {
	var b strings.Builder
	fmt.Fprintf(&b, "The arguments do not fit the input schema of tool %q. Correct them and call again:", e.Tool)
	var invalid *schema.ValidationError
	if !errors.As(e.Err, &invalid) {
		return strings.TrimSuffix(b.String(), ":") + "."
	}
	for i, v := range invalid.Violations {
		if i == maxListed {
			fmt.Fprintf(&b, "\n- and %d more", len(invalid.Violations)-i)
			break
		}
		pointer := v.Pointer
		if pointer == "" {
			pointer = "(the whole)"
		}
		fmt.Fprintf(&b, "\n- %s: %s", pointer, v.Message)
	}
	return b.String()
}

func (e *Error) publicRepeat() string {
	text := fmt.Sprintf("The tool %q was not called: the same arguments have failed again and again. Change the arguments or use another tool: it is of no use to send these again%s.", e.Tool, e.beforeText())
	var repeat *repeatError
	if errors.As(e.Err, &repeat) {
		text += fmt.Sprintf(" They failed %d times, the last time so: %s", repeat.times, repeat.last)
	}
	return text
}

func (e *Error) beforeText() string {
	if e.RetryAfter <= 0 {
		return ""
	}
	return ", and they are refused for another " + e.RetryAfter.Round(time.Second).String()
}

// rateText says which limit it was.
func (e *Error) rateText() string {
	var limit *rateError
	if !errors.As(e.Err, &limit) {
		return ""
	}
	return fmt.Sprintf(" (%s is allowed %v)", limit.scope, limit.rate)
}

func (e *Error) retryText() string {
	if e.RetryAfter <= 0 {
		return " later"
	}
	return " in " + wholeMillis(e.RetryAfter).String()
}

func (e *Error) retrySentence() string {
	if e.RetryAfter <= 0 {
		return ""
	}
	return " Try again" + e.retryText() + "."
}
