import { ArnFormat, Fn, RemovalPolicy, Stack } from "aws-cdk-lib";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as iam from "aws-cdk-lib/aws-iam";
import * as kinesis from "aws-cdk-lib/aws-kinesis";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as logs from "aws-cdk-lib/aws-logs";
import * as sns from "aws-cdk-lib/aws-sns";
import * as sqs from "aws-cdk-lib/aws-sqs";
import * as cr from "aws-cdk-lib/custom-resources";
import { Duration } from "aws-cdk-lib";
import { Construct } from "constructs";

import { addAlarms, addQueueAlarm } from "./alarms";
import { rights } from "./rights";
import { Destination } from "./destination";

export { Destination } from "./destination";

export interface FanoutProps {
  /** Path of fanout-arm64.zip or fanout-amd64.zip, as `fanout package` writes them. */
  readonly package: string;
  /** Name of the function; the names of the other resources begin with it. Default: fanout */
  readonly functionName?: string;
  /** Processors to run on; the package must be for them. Default: arm64 */
  readonly architecture?: lambda.Architecture;
  /** Memory in MB. Default: 128 */
  readonly memorySize?: number;
  /** Default: 30 seconds */
  readonly timeout?: Duration;
  /** More variables of the function, such as FANOUT_LOG_LEVEL. */
  readonly environment?: Record<string, string>;
  /** How the function publishes metrics. Default: cloudwatch */
  readonly metrics?: "cloudwatch" | "emf" | "none";
  /** Default: Custom/FanOut */
  readonly metricsNamespace?: string;
  /** Default: one month */
  readonly logRetention?: logs.RetentionDays;
  /**
   * Queue for records that a target without onFailure cannot take; false: none, so such a
   * record holds up its shard. Default: a new queue
   */
  readonly failuresQueue?: sqs.IQueue | false;
  /** A table where instances share the records that were delivered. Default: false */
  readonly ledger?: boolean;
  /** Traces the function and its targets with X-Ray. Default: false */
  readonly tracing?: boolean;
  /** Topic that alarms write to. Default: no alarms */
  readonly alarmTopic?: sns.ITopic;
  readonly vpc?: ec2.IVpc;
  readonly vpcSubnets?: ec2.SubnetSelection;
  readonly securityGroups?: ec2.ISecurityGroup[];
}

/** Settings of an event source mapping. The defaults are those of `fanout hook`. */
export interface StreamProps {
  readonly startingPosition?: "LATEST" | "TRIM_HORIZON";
  readonly batchSize?: number;
  readonly maximumBatchingWindow?: Duration;
  readonly parallelizationFactor?: number;
  readonly maximumRetryAttempts?: number;
  readonly maximumRecordAge?: Duration;
  readonly bisectBatchOnFunctionError?: boolean;
  readonly enabled?: boolean;
  /** Gets a description of each batch that Lambda gives up. */
  readonly onFailure?: sqs.IQueue | sns.ITopic;
  /** Patterns; a record that matches any of them is passed. */
  readonly filters?: object[];
}

/** Settings of the event source mapping of a queue. The defaults are those of `fanout hook`. */
export interface QueueProps {
  readonly batchSize?: number;
  readonly maximumBatchingWindow?: Duration;
  readonly maximumConcurrency?: number;
  readonly enabled?: boolean;
  /** Patterns; a message that matches any of them is passed. */
  readonly filters?: object[];
}

/** Where records come from. */
export type Source = kinesis.IStream | dynamodb.ITable | sns.ITopic | sqs.IQueue;

export interface TargetProps {
  /** Stream, table, topic or queue that the records come from. */
  readonly source: Source;
  readonly destination: Destination;
  /** Default: true */
  readonly active?: boolean;
  /** More attributes, as a targets file has them: collapse, filter, parallel, onFailure and so on. */
  readonly attributes?: Record<string, string | number | boolean | object>;
}

const own = [
  "FANOUT_TABLE", "FANOUT_METRICS", "FANOUT_METRICS_NAMESPACE", "FANOUT_ON_FAILURE", "FANOUT_LEDGER_TABLE",
  "FANOUT_REPORT_BATCH_ITEM_FAILURES", "FANOUT_TRACING",
];

/** A fanout function with its role, table of targets, log group, queue for failures and alarms. */
export class Fanout extends Construct {
  readonly function: lambda.Function;
  readonly role: iam.Role;
  readonly table: dynamodb.Table;
  readonly ledger?: dynamodb.Table;
  readonly logGroup: logs.LogGroup;
  readonly failuresQueue?: sqs.IQueue;
  private readonly name: string;
  private readonly alarmTopic?: sns.ITopic;
  private readonly ids = new Set<string>();

  constructor(scope: Construct, id: string, props: FanoutProps) {
    super(scope, id);
    this.name = props.functionName ?? "fanout";
    this.alarmTopic = props.alarmTopic;
    for (const name of own) {
      if (props.environment && name in props.environment) {
        throw new Error(`the construct sets ${name} itself; use its other properties`);
      }
    }
    this.table = this.newTable("Targets", "sourceArn", "id", { pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true } });
    this.table.applyRemovalPolicy(RemovalPolicy.RETAIN);
    if (props.ledger) {
      this.ledger = this.newTable("Ledger", "shard", "batch", { timeToLiveAttribute: "expires" });
    }
    this.logGroup = new logs.LogGroup(this, "Logs", {
      logGroupName: `/aws/lambda/${this.name}`, retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY,
    });
    if (props.failuresQueue !== false) {
      this.failuresQueue = props.failuresQueue ?? new sqs.Queue(this, "Failures", {
        queueName: `${this.name}Failures`, retentionPeriod: Duration.days(14), encryption: sqs.QueueEncryption.SQS_MANAGED,
      });
    }
    this.role = new iam.Role(this, "Role", { roleName: `${this.name}Role`, assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com") });
    this.grantOwn(props);
    this.function = this.newFunction(props);
    this.function.node.addDependency(this.role);
    if (props.alarmTopic) {
      addAlarms(this, this.name, props, this.failuresQueue);
    }
  }

  /** Makes Lambda read a stream, or the stream of a table, for the function. */
  addStream(source: kinesis.IStream | dynamodb.ITable, props: StreamProps = {}): lambda.CfnEventSourceMapping {
    const arn = arnOf(source);
    if ("streamArn" in source) {
      this.allow("ReadKinesis", arn);
      source.encryptionKey?.grantDecrypt(this.role);
    } else {
      this.allow("ReadDynamoDB", arn);
      this.allow("ListDynamoDBStreams", "*");
    }
    const failed = props.onFailure && ("queueArn" in props.onFailure ? props.onFailure.queueArn : props.onFailure.topicArn);
    if (failed) {
      this.allow("queueArn" in props.onFailure! ? "SendToSQS" : "SendToSNS", failed);
    }
    const mapping = new lambda.CfnEventSourceMapping(this, `Stream${this.suffix(source)}`, {
      eventSourceArn: arn,
      functionName: this.function.functionName,
      enabled: props.enabled ?? true,
      startingPosition: props.startingPosition ?? "LATEST",
      batchSize: props.batchSize ?? 100,
      maximumBatchingWindowInSeconds: props.maximumBatchingWindow?.toSeconds(),
      parallelizationFactor: props.parallelizationFactor,
      maximumRetryAttempts: props.maximumRetryAttempts ?? -1,
      maximumRecordAgeInSeconds: props.maximumRecordAge?.toSeconds() ?? -1,
      bisectBatchOnFunctionError: props.bisectBatchOnFunctionError ?? true,
      functionResponseTypes: ["ReportBatchItemFailures"],
      destinationConfig: failed ? { onFailure: { destination: failed } } : undefined,
      filterCriteria: criteriaOf(props.filters),
    });
    mapping.node.addDependency(this.role);
    return mapping;
  }

  /**
   * Makes Lambda read a queue for the function, with an alarm on its age. A message that failed
   * comes again until the queue's own dead-letter queue takes it.
   */
  addQueue(queue: sqs.IQueue, props: QueueProps = {}): lambda.CfnEventSourceMapping {
    this.allow("ReadSQS", queue.queueArn);
    queue.encryptionMasterKey?.grantDecrypt(this.role);
    const mapping = new lambda.CfnEventSourceMapping(this, `Queue${this.suffix(queue)}`, {
      eventSourceArn: queue.queueArn,
      functionName: this.function.functionName,
      enabled: props.enabled ?? true,
      batchSize: props.batchSize,
      maximumBatchingWindowInSeconds: props.maximumBatchingWindow?.toSeconds(),
      scalingConfig: props.maximumConcurrency ? { maximumConcurrency: props.maximumConcurrency } : undefined,
      functionResponseTypes: ["ReportBatchItemFailures"],
      filterCriteria: criteriaOf(props.filters),
    });
    mapping.node.addDependency(this.role);
    if (this.alarmTopic) {
      addQueueAlarm(this, this.name, this.alarmTopic.topicArn, this.suffix(queue), queue);
    }
    return mapping;
  }

  /** Subscribes the function to a topic. */
  addTopic(topic: sns.ITopic): void {
    const suffix = this.suffix(topic);
    const permission = new lambda.CfnPermission(this, `Permission${suffix}`, {
      action: "lambda:InvokeFunction", functionName: this.function.functionName, principal: "sns.amazonaws.com", sourceArn: topic.topicArn,
    });
    new sns.CfnSubscription(this, `Subscription${suffix}`, {
      topicArn: topic.topicArn, protocol: "lambda", endpoint: this.function.functionArn,
    }).addDependency(permission);
  }

  /** Adds a target to the table, and its rights to the role. */
  addTarget(id: string, props: TargetProps): void {
    if (this.ids.has(id)) {
      throw new Error(`there are two targets ${id}; give each its own id`);
    }
    this.ids.add(id);
    props.destination.grant(this.role, (sid, arn) => this.allow(sid, arn));
    const source = arnOf(props.source);
    const item = itemOf({
      sourceArn: source, id, type: props.destination.type, destination: props.destination.text, active: props.active ?? true,
      ...props.destination.attributes, ...props.attributes,
    });
    const put = {
      service: "DynamoDB", action: "PutItem", parameters: { TableName: this.table.tableName, Item: item },
      physicalResourceId: cr.PhysicalResourceId.of(`${this.name}/${id}`),
    };
    new cr.AwsCustomResource(this, `Target${id}`, {
      installLatestAwsSdk: false,
      resourceType: "Custom::FanoutTarget",
      onCreate: put,
      onUpdate: put,
      onDelete: {
        service: "DynamoDB", action: "DeleteItem",
        parameters: { TableName: this.table.tableName, Key: { sourceArn: { S: source }, id: { S: id } } },
      },
      policy: cr.AwsCustomResourcePolicy.fromStatements([
        new iam.PolicyStatement({ actions: ["dynamodb:PutItem", "dynamodb:DeleteItem"], resources: [this.table.tableArn] }),
      ]),
    }).node.addDependency(this.role, this.function); // no record comes before the right to deliver it
  }

  private newTable(suffix: string, partition: string, sort: string, more: Partial<dynamodb.TableProps>): dynamodb.Table {
    return new dynamodb.Table(this, suffix, {
      tableName: this.name + suffix,
      partitionKey: { name: partition, type: dynamodb.AttributeType.STRING },
      sortKey: { name: sort, type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      encryption: dynamodb.TableEncryption.AWS_MANAGED,
      ...more,
    });
  }

  private newFunction(props: FanoutProps): lambda.Function {
    const variables: Record<string, string> = {
      ...props.environment,
      FANOUT_TABLE: this.table.tableName,
      FANOUT_METRICS: props.metrics ?? "cloudwatch",
      FANOUT_REPORT_BATCH_ITEM_FAILURES: "true", // every mapping asks for it
    };
    if (props.metricsNamespace) variables.FANOUT_METRICS_NAMESPACE = props.metricsNamespace;
    if (this.failuresQueue) variables.FANOUT_ON_FAILURE = this.failuresQueue.queueArn;
    if (this.ledger) variables.FANOUT_LEDGER_TABLE = this.ledger.tableName;
    if (props.tracing) variables.FANOUT_TRACING = "xray";
    return new lambda.Function(this, "Function", {
      functionName: this.name,
      runtime: lambda.Runtime.PROVIDED_AL2023,
      handler: "bootstrap",
      architecture: props.architecture ?? lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(props.package),
      memorySize: props.memorySize ?? 128,
      timeout: props.timeout ?? Duration.seconds(30),
      // The role has its rights already. The CDK would add wider ones.
      role: this.role.withoutPolicyUpdates(),
      environment: variables,
      logGroup: this.logGroup,
      tracing: props.tracing ? lambda.Tracing.ACTIVE : undefined,
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets,
      securityGroups: props.securityGroups,
    });
  }

  /** Allows the calls that the function makes for any targets and sources. */
  private grantOwn(props: FanoutProps): void {
    const stack = Stack.of(this);
    const group = stack.formatArn({ service: "logs", resource: "log-group", resourceName: `/aws/lambda/${this.name}`, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    this.allow("WriteLogs", Fn.join("", [group, ":*"]));
    this.allow("ReadTargets", this.table.tableArn);
    if (this.ledger) this.allow("KeepLedger", this.ledger.tableArn);
    if ((props.metrics ?? "cloudwatch") === "cloudwatch") {
      this.allow("PutMetrics", "*", { StringEquals: { "cloudwatch:namespace": props.metricsNamespace ?? "Custom/FanOut" } });
    }
    if (props.tracing) this.allow("PutTraces", "*");
    if (props.vpc) {
      this.allow("FindNetwork", "*");
      for (const kind of ["network-interface", "security-group", "subnet"]) {
        this.allow("ManageInterfaces", stack.formatArn({ service: "ec2", resource: kind, resourceName: "*" }));
      }
      const self = stack.formatArn({ service: "lambda", resource: "function", resourceName: this.name, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
      this.allow("NetworkIsForLambdaAlone", "*", { ArnEquals: { "lambda:SourceFunctionArn": self } });
    }
    if (this.failuresQueue) {
      this.allow("SendToSQS", this.failuresQueue.queueArn);
      this.failuresQueue.encryptionMasterKey?.grant(this.role, "kms:Decrypt", "kms:GenerateDataKey");
    }
  }

  private readonly statements = new Map<string, iam.PolicyStatement>();

  /** Adds a resource to a statement of the role. */
  private allow(sid: string, resource: string, conditions?: Record<string, Record<string, string>>): void {
    let statement = this.statements.get(sid);
    if (!statement) {
      statement = new iam.PolicyStatement({
        sid, effect: sid === "NetworkIsForLambdaAlone" ? iam.Effect.DENY : iam.Effect.ALLOW, actions: rights[sid], conditions,
      });
      this.statements.set(sid, statement);
      this.role.addToPolicy(statement);
    }
    statement.addResources(resource);
  }

  /** A part of logical ids that tells a source from others. */
  private suffix(source: Construct | { node: { id: string; addr: string } }): string {
    return source.node.id.replace(/[^A-Za-z0-9]/g, "") + source.node.addr.slice(-6);
  }
}

/** The ARN that the records of a source have. */
function arnOf(source: Source): string {
  if ("topicArn" in source) return source.topicArn;
  if ("queueArn" in source) return source.queueArn;
  if ("streamArn" in source) return source.streamArn;
  if (!source.tableStreamArn) throw new Error(`the table ${source.node.id} has no stream; give it one with the view NEW_AND_OLD_IMAGES`);
  return source.tableStreamArn;
}

/** Patterns as a mapping has them. */
function criteriaOf(filters?: object[]) {
  return filters ? { filters: filters.map((pattern) => ({ pattern: JSON.stringify(pattern) })) } : undefined;
}

/** A target as an item in DynamoDB's JSON. */
function itemOf(target: Record<string, string | number | boolean | object>): Record<string, object> {
  const item: Record<string, object> = {};
  for (const [name, value] of Object.entries(target)) {
    switch (typeof value) {
      case "string": item[name] = { S: value }; break;
      case "boolean": item[name] = { BOOL: value }; break;
      case "number": item[name] = { N: String(value) }; break;
      default: item[name] = { S: JSON.stringify(value) };
    }
  }
  return item;
}
