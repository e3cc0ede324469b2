// The construct makes what fanout template prints, which its golden files have.
import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";

import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as events from "aws-cdk-lib/aws-events";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as kinesis from "aws-cdk-lib/aws-kinesis";
import * as s3 from "aws-cdk-lib/aws-s3";
import * as sns from "aws-cdk-lib/aws-sns";
import * as sqs from "aws-cdk-lib/aws-sqs";
import * as sfn from "aws-cdk-lib/aws-stepfunctions";
import * as yaml from "yaml";

import { Destination, Fanout, FanoutProps } from "../lib/fanout";
import { rights } from "../lib/rights";

const provision = path.join(process.env.FANOUT_SOURCE ?? path.join(__dirname, "..", "..", "..", ".."), "internal", "provision");
const zip = path.join(fs.mkdtempSync("/tmp/fanout-cdk-"), "fanout-arm64.zip");
fs.writeFileSync(zip, "");

function setUp(props: Partial<FanoutProps> = {}) {
  const stack = new Stack(new App({ analyticsReporting: false }), "Test", { env: { account: "123456789012", region: "eu-west-1" } });
  return { stack, fanout: new Fanout(stack, "Fanout", { package: zip, ...props }) };
}

/** Statements of the function's role, by Sid. */
function statements(stack: Stack): Record<string, { Effect: string; Action: unknown; Resource: unknown; Condition?: unknown }> {
  const policies = Object.entries(Template.fromStack(stack).findResources("AWS::IAM::Policy")).filter(([id]) => id.startsWith("FanoutRole"));
  return Object.fromEntries(policies.flatMap(([, p]) => p.Properties.PolicyDocument.Statement).map((s) => [s.Sid, s]));
}

const list = (v: unknown) => [v].flat().sort();

test("the actions of every statement are those of fanout policy", () => {
  const golden = JSON.parse(fs.readFileSync(path.join(provision, "policy", "testdata", "aws.json"), "utf8"));
  const known = Object.fromEntries(golden.Statement.map((s: { Sid: string; Action: unknown }) => [s.Sid, list(s.Action)]));
  for (const [sid, actions] of Object.entries(rights)) {
    assert.deepEqual(list(actions), known[sid], sid);
  }
});

test("the resources are those of fanout template", () => {
  const stack = new Stack(new App({ analyticsReporting: false }), "Test", { env: { account: "123456789012", region: "eu-west-1" } });
  new Fanout(stack, "Fanout", {
    package: zip, alarmTopic: sns.Topic.fromTopicArn(stack, "Topic", "arn:aws:sns:eu-west-1:123456789012:oncall"),
    failuresQueue: sqs.Queue.fromQueueArn(stack, "Failures", "arn:aws:sqs:eu-west-1:123456789012:failures"),
  });
  const made: { Type: string; Properties: any }[] = Object.values(Template.fromStack(stack).toJSON().Resources);
  const golden = yaml.parse(fs.readFileSync(path.join(provision, "template", "testdata", "watched.cloudformation.yaml"), "utf8"), { logLevel: "silent" });
  let compared = 0;
  for (const [name, want] of Object.entries<any>(golden.Resources)) {
    if (want.Type === "AWS::CloudWatch::Dashboard") continue; // fanout template --dashboard alone
    const got = made.filter((r) => r.Type === want.Type && (!want.Properties.AlarmName || r.Properties.AlarmName === want.Properties.AlarmName));
    assert.equal(got.length, 1, name);
    for (const [property, value] of Object.entries<any>(want.Properties)) {
      if (property === "Policies") continue; // a resource of its own, and a test of its own
      const is = got[0].Properties[property];
      assert.notEqual(is, undefined, `${name} has no ${property}`);
      if (["AssumeRolePolicyDocument", "Code", "Role", "LoggingConfig"].includes(property)) continue; // the CDK writes them otherwise
      if (property === "Environment") {
        assert.deepEqual(Object.keys(is.Variables).sort(), Object.keys(value.Variables).sort(), name);
        continue;
      }
      assert.deepEqual(JSON.parse(JSON.stringify(is)), value, `${name}: ${property}`);
      compared++;
    }
  }
  assert.ok(compared > 60, `only ${compared} properties were compared`);
});

test("a queue of another region has no alarm", () => {
  for (const [region, alarms] of [["eu-west-1", 7], ["us-east-1", 6]] as const) {
    const stack = new Stack(new App({ analyticsReporting: false }), "Test", { env: { account: "123456789012", region: "eu-west-1" } });
    new Fanout(stack, "Fanout", {
      package: zip, alarmTopic: new sns.Topic(stack, "Topic"), failuresQueue: sqs.Queue.fromQueueArn(stack, "Failures", `arn:aws:sqs:${region}:123456789012:failures`),
    });
    Template.fromStack(stack).resourceCountIs("AWS::CloudWatch::Alarm", alarms);
  }
  const anywhere = new Stack(new App({ analyticsReporting: false }), "Anywhere");
  new Fanout(anywhere, "Fanout", { package: zip, alarmTopic: new sns.Topic(anywhere, "Topic") });
  Template.fromStack(anywhere).resourceCountIs("AWS::CloudWatch::Alarm", 7);
});

test("the role may do what sources and targets need, and nothing else", () => {
  const { stack, fanout } = setUp({ tracing: true, ledger: true, vpc: undefined });
  const orders = new kinesis.Stream(stack, "Orders");
  const table = new dynamodb.Table(stack, "Table", { partitionKey: { name: "id", type: dynamodb.AttributeType.STRING }, stream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES });
  fanout.addStream(orders);
  fanout.addStream(table, { onFailure: sqs.Queue.fromQueueArn(stack, "Failed", "arn:aws:sqs:eu-west-1:123456789012:failed") });
  fanout.addTarget("a", { source: orders, destination: Destination.queue(sqs.Queue.fromQueueArn(stack, "Q", "arn:aws:sqs:eu-west-1:123456789012:q")) });
  fanout.addTarget("b", { source: table, destination: Destination.deliveryStream("arn:aws:firehose:eu-west-1:123456789012:deliverystream/d") });
  fanout.addTarget("c", { source: table, destination: Destination.throughRole("sqs", "arn:aws:sqs:eu-west-1:210987654321:q", "arn:aws:iam::210987654321:role/r", "x") });
  const all = statements(stack);
  assert.deepEqual(Object.keys(all).sort(), [
    "AssumeRoles", "KeepLedger", "ListDynamoDBStreams", "PutMetrics", "PutTraces", "ReadDynamoDB", "ReadKinesis", "ReadTargets",
    "SendToFirehose", "SendToSQS", "WriteLogs",
  ]);
  assert.deepEqual(list(all.SendToSQS.Resource).filter((r) => typeof r === "string"), [
    "arn:aws:sqs:eu-west-1:123456789012:failed", "arn:aws:sqs:eu-west-1:123456789012:q",
  ]);
  assert.deepEqual(all.AssumeRoles.Resource, "arn:aws:iam::210987654321:role/r");
  Template.fromStack(stack).hasResourceProperties("AWS::Lambda::EventSourceMapping", {
    StartingPosition: "LATEST", BatchSize: 100, MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1, BisectBatchOnFunctionError: true,
    FunctionResponseTypes: ["ReportBatchItemFailures"], DestinationConfig: { OnFailure: { Destination: "arn:aws:sqs:eu-west-1:123456789012:failed" } },
  });
});

test("each type of target has its rights", () => {
  const { stack, fanout } = setUp({ failuresQueue: false });
  const source = new kinesis.Stream(stack, "Orders");
  const own = "eu-west-1:123456789012";
  const all: [Destination, Record<string, string>][] = [
    [Destination.eventBus(events.EventBus.fromEventBusArn(stack, "Bus", `arn:aws:events:${own}:event-bus/b`)), { SendToEventBridge: `arn:aws:events:${own}:event-bus/b` }],
    [Destination.stateMachine(sfn.StateMachine.fromStateMachineArn(stack, "Machine", `arn:aws:states:${own}:stateMachine:m`), "live"),
      { StartExecutions: `arn:aws:states:${own}:stateMachine:m:live`, CompareExecutions: `arn:aws:states:${own}:execution:m:*` }],
    [Destination.table(dynamodb.Table.fromTableArn(stack, "Copy", `arn:aws:dynamodb:${own}:table/copy`)), { PutToDynamoDB: `arn:aws:dynamodb:${own}:table/copy` }],
    [Destination.table(dynamodb.Table.fromTableArn(stack, "Deletes", `arn:aws:dynamodb:${own}:table/deletes`), "none"), { DeleteFromDynamoDB: `arn:aws:dynamodb:${own}:table/deletes` }],
    [Destination.bucket(s3.Bucket.fromBucketArn(stack, "Lake", "arn:aws:s3:::lake"), "a?/day=${day}"), { PutToS3: "arn:aws:s3:::lake/a${?}/day=*" }],
    [Destination.api("https://a.execute-api.eu-west-1.amazonaws.com/prod/o", `arn:aws:execute-api:${own}:a/prod/POST/o`), { SendToAPIGateway: `arn:aws:execute-api:${own}:a/prod/POST/o` }],
    [Destination.collection("https://c.eu-west-1.aoss.amazonaws.com", `arn:aws:aoss:${own}:collection/c`, "i"), { SendToOpenSearchServerless: `arn:aws:aoss:${own}:collection/c` }],
    [Destination.http("https://hooks.example.com/"), {}],
  ];
  all.forEach(([destination], i) => fanout.addTarget(`t${i}`, { source, destination }));
  const has = statements(stack);
  for (const [, want] of all) {
    for (const [sid, resource] of Object.entries(want)) {
      assert.deepEqual(list(has[sid].Action), list(rights[sid]));
      assert.ok(list(has[sid].Resource).includes(resource), `${sid}: ${JSON.stringify(has[sid].Resource)}`);
    }
  }
  const granted = Object.keys(has).filter((sid) => !["WriteLogs", "ReadTargets", "PutMetrics"].includes(sid));
  assert.deepEqual(granted.sort(), [...new Set(all.flatMap(([, want]) => Object.keys(want)))].sort());
  assert.deepEqual(has.DeleteFromDynamoDB.Resource, `arn:aws:dynamodb:${own}:table/deletes`);
});

test("a queue is read, and its age has an alarm if CloudWatch sees it", () => {
  const { stack, fanout } = setUp({ failuresQueue: false, alarmTopic: undefined });
  fanout.addQueue(sqs.Queue.fromQueueArn(stack, "Jobs", "arn:aws:sqs:eu-west-1:123456789012:jobs.fifo"));
  Template.fromStack(stack).resourceCountIs("AWS::CloudWatch::Alarm", 0);
  const watched = new Stack(new App({ analyticsReporting: false }), "Watched", { env: { account: "123456789012", region: "eu-west-1" } });
  const f = new Fanout(watched, "Fanout", { package: zip, failuresQueue: false, alarmTopic: new sns.Topic(watched, "Topic") });
  const jobs = sqs.Queue.fromQueueArn(watched, "Jobs", "arn:aws:sqs:eu-west-1:123456789012:jobs.fifo");
  f.addQueue(jobs, { batchSize: 10, maximumConcurrency: 5, filters: [{ body: { a: [1] } }] });
  f.addQueue(sqs.Queue.fromQueueArn(watched, "Theirs", "arn:aws:sqs:eu-west-1:210987654321:theirs"));
  f.addTarget("a", { source: jobs, destination: Destination.deliveryStream("arn:aws:firehose:eu-west-1:123456789012:deliverystream/d") });
  const template = Template.fromStack(watched);
  template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
    EventSourceArn: "arn:aws:sqs:eu-west-1:123456789012:jobs.fifo", BatchSize: 10, ScalingConfig: { MaximumConcurrency: 5 },
    FunctionResponseTypes: ["ReportBatchItemFailures"], FilterCriteria: { Filters: [{ Pattern: '{"body":{"a":[1]}}' }] },
  });
  for (const mapping of Object.values<any>(template.findResources("AWS::Lambda::EventSourceMapping"))) {
    assert.equal(mapping.Properties.StartingPosition, undefined);
    assert.equal(mapping.Properties.MaximumRetryAttempts, undefined);
  }
  assert.deepEqual(statements(watched).ReadSQS.Resource, ["arn:aws:sqs:eu-west-1:123456789012:jobs.fifo", "arn:aws:sqs:eu-west-1:210987654321:theirs"]);
  template.hasResourceProperties("AWS::CloudWatch::Alarm", {
    AlarmName: "fanout-late-jobs.fifo", MetricName: "ApproximateAgeOfOldestMessage", Threshold: 600, EvaluationPeriods: 3,
    AlarmDescription: "fanout function fanout: messages wait for more than 10 minutes in the queue jobs.fifo, which it reads; docs/operations.md, Records arrive late",
  });
  template.resourceCountIs("AWS::CloudWatch::Alarm", 7); // those of every function but the queue for failures, and one queue
});

test("the function in a VPC may not use the network's rights itself", () => {
  const { stack } = setUp({ failuresQueue: false });
  const other = new Stack(new App({ analyticsReporting: false }), "Other", { env: { account: "123456789012", region: "eu-west-1" } });
  new Fanout(other, "Fanout", { package: zip, failuresQueue: false, vpc: new ec2.Vpc(other, "Vpc") });
  assert.equal(statements(other).NetworkIsForLambdaAlone.Effect, "Deny");
  assert.deepEqual(Object.keys(statements(stack)).sort(), ["PutMetrics", "ReadTargets", "WriteLogs"]);
});

test("targets are items as fanout apply writes them", () => {
  const { stack, fanout } = setUp();
  const topic = new sns.Topic(stack, "Topic");
  fanout.addTopic(topic);
  fanout.addTarget("a", {
    source: topic, destination: Destination.cache("redis", "rediss://cache:6379"), active: false,
    attributes: { ttl: 60, parallel: false, filter: { data: { a: [1] } } },
  });
  const target: any = Object.values(Template.fromStack(stack).findResources("Custom::FanoutTarget"))[0];
  const create = JSON.parse(target.Properties.Create["Fn::Join"][1].map((p: any) => (typeof p === "string" ? p : "REF")).join(""));
  assert.deepEqual(create.parameters.Item, {
    sourceArn: { S: "REF" }, id: { S: "a" }, type: { S: "redis" }, destination: { S: "rediss://cache:6379" }, active: { BOOL: false },
    ttl: { N: "60" }, parallel: { BOOL: false }, filter: { S: '{"data":{"a":[1]}}' },
  });
  Template.fromStack(stack).hasResourceProperties("AWS::Lambda::Permission", { Principal: "sns.amazonaws.com" });
  assert.throws(() => fanout.addTarget("a", { source: topic, destination: Destination.topic(topic) }), /two targets a/);
  assert.throws(() => setUp({ environment: { FANOUT_TABLE: "t" } }), /sets FANOUT_TABLE itself/);
});
