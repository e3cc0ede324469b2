package cloud

import (
	"cmp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
)

// maxBackoff is the longest pause before a command retries a call: a user may be
// waiting.
const maxBackoff = 5 * time.Second

// retrying makes AWS calls retry when AWS throttles or fails. The number of attempts
// and the mode come from the environment, or else the profile: AWS_MAX_ATTEMPTS or
// max_attempts, AWS_RETRY_MODE or retry_mode (AWS SDKs and tools reference guide, Retry
// behavior). cfg's own fields lack them: deliveries are tried once, so cfg was loaded
// with a retryer, and the SDK then ignores all other retry settings.
func retrying(cfg *aws.Config) {
	var mode aws.RetryMode
	for _, source := range cfg.ConfigSources { // the first source with a value wins
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
