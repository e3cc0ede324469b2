package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"fanout/internal/pages"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/code"
)

// keep publishes the function as a version before its code is replaced, so that a rollback
// finds it. kept is false if the code stays.
func (s *Stack) keep(ctx context.Context, has *function, p *plan, archive code.Package) (t Resource, kept bool, err error) {
	if has == nil || len(p.codeChanges(&has.FunctionConfiguration, archive)) == 0 {
		return t, false, nil
	}
	t = Resource{Kind: "version", Name: p.name, Outcome: cloud.Created, Note: "the code so far; fanout deploy --rollback goes back to it"}
	if s.DryRun {
		return t, true, nil
	}
	if _, err := s.settled(ctx, p.name); err != nil {
		return t, false, err
	}
	// CodeSha256 makes Lambda refuse if the code has changed since has was read. If nothing
	// has changed since the last version, Lambda returns that one.
	out, err := s.Lambda.PublishVersion(ctx, &lambda.PublishVersionInput{
		FunctionName: &p.name, CodeSha256: has.CodeSha256, Description: aws.String("The function before fanout deploy replaced its code"),
	})
	if err != nil {
		return t, false, fmt.Errorf("the current function %q cannot be published as a version, so nothing was changed: %w", p.name, err)
	}
	t.Name, t.ARN = p.name+":"+aws.ToString(out.Version), aws.ToString(out.FunctionArn)
	return t, true, nil
}

// previous returns the code of the newest version that has other code than the function.
func (s *Stack) previous(ctx context.Context, has *function) (code.Package, types.Architecture, error) {
	name := aws.ToString(has.FunctionName)
	if !has.fanout() {
		return nil, "", fmt.Errorf("the function %q is not a fanout function, so deploy has no earlier version of it", name)
	}
	v, err := s.lastOther(ctx, has)
	if err != nil {
		return nil, "", err
	}
	version := aws.ToString(v.Version)
	if v.Runtime != types.RuntimeProvidedal2023 || aws.ToString(v.Handler) != handler {
		v.FunctionName, v.FunctionArn = has.FunctionName, has.FunctionArn
		return nil, "", fmt.Errorf("the version before, %s, is another program with other settings (runtime %s); to go back to it, run:\n%s",
			version, v.Runtime, strings.Join(restoreCommands(v, version, s.Region), "\n"))
	}
	out, err := s.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &name, Qualifier: &version})
	if err != nil {
		return nil, "", fmt.Errorf("the version %s of the function %q cannot be looked up: %w", version, name, err)
	}
	var location string
	if out.Code != nil {
		location = aws.ToString(out.Code.Location)
	}
	archive, err := s.download(ctx, location, v.CodeSize)
	if err == nil && archive.SHA256() != aws.ToString(v.CodeSha256) {
		err = errors.New("its SHA-256 is not the version's")
	}
	if err != nil {
		return nil, "", fmt.Errorf("the code of the version %s of the function %q cannot be downloaded: %w", version, name, err)
	}
	return archive, architecture(v), nil
}

// lastOther returns the newest version with other code than the function.
func (s *Stack) lastOther(ctx context.Context, has *function) (last *types.FunctionConfiguration, err error) {
	name, newest := aws.ToString(has.FunctionName), 0
	for page, err := range pages.Of(ctx, lambda.NewListVersionsByFunctionPaginator(s.Lambda, &lambda.ListVersionsByFunctionInput{FunctionName: &name})) {
		if err != nil {
			return nil, fmt.Errorf("the versions of the function %q cannot be listed: %w", name, err)
		}
		for i := range page.Versions {
			v := &page.Versions[i]
			n, err := strconv.Atoi(aws.ToString(v.Version)) // $LATEST is none
			if err == nil && n > newest && aws.ToString(v.CodeSha256) != aws.ToString(has.CodeSha256) {
				last, newest = v, n
			}
		}
	}
	if last == nil {
		return nil, fmt.Errorf("the function %q has no version with other code, so there is nothing to go back to; fanout deploy publishes one before it replaces code", name)
	}
	return last, nil
}

// download fetches a package of so many bytes. Its errors do not name the location, which
// is signed.
func (s *Stack) download(ctx context.Context, location string, size int64) (code.Package, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location, http.NoBody)
	if err != nil || request.URL.Host == "" {
		return nil, errors.New("it has no address")
	}
	answer, err := s.HTTP.Do(request)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return nil, fmt.Errorf("%s does not answer: %w", request.URL.Host, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", request.URL.Host, answer.Status)
	}
	archive, err := io.ReadAll(io.LimitReader(answer.Body, size+1))
	if err == nil && int64(len(archive)) != size {
		err = fmt.Errorf("%s sent %d bytes instead of %d", request.URL.Host, len(archive), size)
	}
	return archive, err
}

// rollbackOf returns the package of a rollback, and sets its architecture.
func (s *Stack) rollbackOf(ctx context.Context, has *function, p *plan) (archive code.Package, err error) {
	if has == nil {
		return nil, &cloud.NoFunction{Name: p.name}
	}
	archive, p.architecture, err = s.previous(ctx, has)
	return archive, err
}
