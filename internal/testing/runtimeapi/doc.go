// Package runtimeapi is a small Lambda Runtime API on a loopback port, for tests of the
// function as a process (AWS Lambda developer guide, Using the Lambda runtime API for
// custom runtimes). It sends one event at a time to the function, and returns its answer:
//
//	api, err := runtimeapi.Start()
//	defer api.Close()
//	cmd.Env = append(cmd.Env, "AWS_LAMBDA_RUNTIME_API="+api.Addr())
//	…
//	answer, err := api.Invoke(ctx, event, time.Now().Add(time.Minute))
package runtimeapi
