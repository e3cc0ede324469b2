import { Stack } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import * as sqs from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

import type { FanoutProps } from "./fanout";

const metric = (namespace: string, metricName: string, statistic: string, dimension: string, value: string) => ({
  namespace, metricName, statistic, dimensions: [{ name: dimension, value }], period: 300,
});

/** Returns a function that adds an alarm. */
const adder = (scope: Construct, name: string, topic: string) =>
  (key: string, text: string, periods: number, more: Partial<cloudwatch.CfnAlarmProps>, id = key) =>
    new cloudwatch.CfnAlarm(scope, `Alarm-${id}`, {
      alarmName: `${name}-${key}`, alarmDescription: `fanout function ${name}: ${text}`, comparisonOperator: "GreaterThanThreshold", threshold: 0,
      evaluationPeriods: periods, treatMissingData: "notBreaching", alarmActions: [topic], okActions: [topic], ...more,
    });

/** Whether CloudWatch sees a queue here: it sees none of another region or account. */
const isNear = (scope: Construct, queue: sqs.IQueue) => {
  const { region, account } = Stack.of(scope);
  return queue.env.region === region && queue.env.account === account;
};

/** Adds the alarms that fanout deploy --alarms makes. A test compares them. */
export function addAlarms(scope: Construct, name: string, props: FanoutProps, queue?: sqs.IQueue): void {
  const add = adder(scope, name, props.alarmTopic!.topicArn);
  const ofFunction = (metricName: string, statistic = "Sum") => metric("AWS/Lambda", metricName, statistic, "FunctionName", name);
  // All targets of the function, as they come and go.
  const ofTargets = (metricName: string) => ({
    metrics: [{
      id: "records", period: 300, returnData: true,
      expression: `SELECT SUM("${metricName}") FROM SCHEMA("${props.metricsNamespace ?? "Custom/FanOut"}", "Source", "Target", "Function") WHERE "Function" = '${name}'`,
    }],
  });

  add("late", "the function reads records more than 10 minutes after they came; docs/operations.md, Records arrive late", 3, { ...ofFunction("IteratorAge", "Maximum"), threshold: 600_000 });
  if (props.metrics !== "none") {
    add("failed", "a target has failed for 15 minutes and may hold up a shard; see the log line with its remedy", 3, ofTargets("Failed"));
    add("diverted", "a target did not take a record, which is now in the target of onFailure; mend the cause and run fanout redrive", 1, ofTargets("Diverted"));
  }
  add("errors", "the function itself has failed for 15 minutes: a crash, a timeout, or a table that it cannot read", 3, ofFunction("Errors"));
  add("throttles", "Lambda has not let the function run for 15 minutes; raise its reserved concurrency or that of the account", 3, ofFunction("Throttles"));
  add("lost", "Lambda gave up on a notification of a topic; without hook --on-failure it is lost", 1, ofFunction("AsyncEventsDropped"));
  if (queue && isNear(scope, queue)) {
    add("queue", "records wait in the queue for failures; mend the cause and run fanout redrive", 1,
      metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", "QueueName", queue.queueName));
  }
}

/** Adds the alarm on the age of a queue that the function reads. */
export function addQueueAlarm(scope: Construct, name: string, topic: string, id: string, queue: sqs.IQueue): void {
  if (!isNear(scope, queue)) return;
  adder(scope, name, topic)(`late-${queue.queueName}`,
    `messages wait for more than 10 minutes in the queue ${queue.queueName}, which it reads; docs/operations.md, Records arrive late`, 3,
    { ...metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", "QueueName", queue.queueName), threshold: 600 }, `late-${id}`);
}
