package main

import (
	"context"
	"log/slog"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/executor/audit"
)

// openAudit gives the engine the audit log of the config, if it has one.
func (h *host) openAudit(cfg *config.Audit, options *executor.Options) {
	if cfg.Path == "" {
		return
	}
	h.audit = audit.NewFile(audit.FileOptions{
		Path:    cfg.Path,
		Size:    int64(cfg.Size),
		Keep:    cfg.Keep,
		Version: buildVersion().Version,
		Logger:  options.Logger,
	})
	options.Audit, options.AuditRequired = h.audit, cfg.Required
	h.auditRequired = cfg.Required
}

// closeAudit writes what is left of the audit log and its end. A disk that hangs holds
// the stop up no longer than a handler may.
func (h *host) closeAudit(forced context.Context, logger *slog.Logger) {
	if h.audit == nil {
		return
	}
	limit := hardStop
	if forced.Err() != nil {
		limit = lastMoment
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := h.audit.Close(ctx); err != nil {
		logger.Error("the audit log lacks its end", "dropped", h.audit.Status().Dropped, "error", err)
	}
}
