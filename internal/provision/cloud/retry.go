package cloud

import (
	"cmp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
)

// maxBackoff is how long a command waits at most before it tries a call again: somebody
// may be looking on.
const maxBackoff = 5 * time.Second

// retrying makes calls be tried again when AWS throttles or fails, as often and in the
// mode that the environment says, or else the profile: AWS_MAX_ATTEMPTS or max_attempts,
// AWS_RETRY_MODE or retry_mode (AWS SDKs and tools reference guide, Retry behavior). cfg's
// own fields lack them: deliveries are tried once, so it was loaded with a retryer, and
// then the SDK reads nothing else about retries.
func retrying(cfg *aws.Config) {
	var mode aws.RetryMode
	for _, source := range cfg.ConfigSources { // the first that says anything counts
		switch s := source.(type) {
		case config.EnvConfig:
			cfg.RetryMaxAttempts, mode = cmp.Or(cfg.RetryMaxAttempts, s.RetryMaxAttempts), cmp.Or(mode, s.RetryMode)
		case config.SharedConfig:
			cfg.RetryMaxAttempts, mode = cmp.Or(cfg.RetryMaxAttempts, s.RetryMaxAttempts), cmp.Or(mode, s.RetryMode)
		}
	}
	bounded := func(o *retry.StandardOptions) { o.MaxBackoff = maxBackoff }
	cfg.Retryer = func() aws.Retryer {
		if mode == aws.RetryModeAdaptive {
			return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) { o.StandardOptions = append(o.StandardOptions, bounded) })
		}
		return retry.NewStandard(bounded)
	}
}
