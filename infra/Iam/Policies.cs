namespace Frazil.Infra;

/// <summary>A folder of a bucket in which tables live. The roles reach what is below it and nothing beside it.</summary>
public sealed record S3Location(string Bucket, string Prefix)
{
    /// <summary>ARN of the bucket, in the partition of the deployment (<c>aws</c>, <c>aws-cn</c>, <c>aws-us-gov</c>).</summary>
    public string BucketArn(string partition) => $"arn:{partition}:s3:::{Bucket}";

    public string ObjectsArn(string partition) => $"{BucketArn(partition)}/{Folder}*";

    /// <summary>Metadata files, wherever <c>write.metadata.path</c> puts them. In IAM an asterisk matches slashes too.</summary>
    public string[] MetadataArns(string partition) => [$"{ObjectsArn(partition)}.metadata.json", $"{ObjectsArn(partition)}.metadata.json.gz"];

    /// <summary>The metadata folders of the tables below, in which manifests are.</summary>
    public string ManifestsArn(string partition) => $"{ObjectsArn(partition)}/metadata/*";

    /// <summary>The prefix as keys begin with it: empty, or ending in a slash, so that a sibling with a longer name is not below it.</summary>
    public string Folder => Prefix.Length == 0 ? "" : Prefix + "/";
}

/// <summary>What the roles are about, once the provider has said the names.</summary>
public sealed record AwsResources(
    string Partition, string AccountId, string TableArn, string SecretArn, string ApiLogsArn, string JobsLogsArn, string DeadLettersArn,
    IReadOnlyList<S3Location> Locations, string? KeyArn);

/// <summary>The policies of the AWS deployment: who may do what, each as narrow as what its holder does.</summary>
public static class Policies
{
    private static readonly string[] ItemOperations =
    [
        "dynamodb:BatchGetItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
    ];

    /// <summary>A role that a service takes on for this account only.</summary>
    public static PolicyDocument TrustService(string service) =>
        new(new Statement("Service", Effect.Allow, ["sts:AssumeRole"], []) { Principal = Principal.Service(service) });

    /// <summary>A role that EventBridge Scheduler takes on, for schedules of this account: another account's schedule cannot borrow it.</summary>
    public static PolicyDocument TrustScheduler(string accountId) =>
        new(new Statement("Scheduler", Effect.Allow, ["sts:AssumeRole"], [])
        {
            Principal = Principal.Service("scheduler.amazonaws.com"),
            Conditions = [new("StringEquals", "aws:SourceAccount", accountId)],
        });

    /// <summary>The vending role: only the API's role may take it on.</summary>
    public static PolicyDocument TrustRole(string roleArn) =>
        new(new Statement("Api", Effect.Allow, ["sts:AssumeRole"], []) { Principal = Principal.Role(roleArn) });

    /// <summary>
    /// The API: rows, metadata files, and sessions of the vending role. It deletes metadata files that lost a race before any pointer named them, and such as a table
    /// wants deleted after commits; manifests it only reads, to tell what a purge would delete; data files it can neither read, write nor delete.
    /// </summary>
    public static PolicyDocument Api(AwsResources on, string vendingRoleArn) => new(
    [
        Rows(on),
        new(
            "Metadata",
            Effect.Allow,
            ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [.. on.Locations.SelectMany(location => location.MetadataArns(on.Partition))]),
        new("Manifests", Effect.Allow, ["s3:GetObject"], [.. on.Locations.Select(location => location.ManifestsArn(on.Partition))]),
        TellMissingFromForbidden(on),
        new("Vend", Effect.Allow, ["sts:AssumeRole"], [vendingRoleArn]),
        new("RootSecret", Effect.Allow, ["ssm:GetParameter"], [on.SecretArn]),
        Logs(on.ApiLogsArn),
        .. Key(on),
    ]);

    /// <summary>The jobs: rows, and reading and deleting files under the locations. They write no file and vend nothing.</summary>
    public static PolicyDocument Jobs(AwsResources on) => new(
    [
        Rows(on),
        new("Purge", Effect.Allow, ["s3:DeleteObject", "s3:GetObject"], [.. on.Locations.Select(location => location.ObjectsArn(on.Partition))]),
        TellMissingFromForbidden(on),
        new("Failures", Effect.Allow, ["sqs:SendMessage"], [on.DeadLettersArn]),
        Logs(on.JobsLogsArn),
        .. Key(on),
    ]);

    /// <summary>
    /// What a client can be given at most. Every session is narrowed by a session policy to one table's prefixes; this is the fence behind it.
    /// </summary>
    public static PolicyDocument Vending(AwsResources on) => new(
    [
        new(
            "Files",
            Effect.Allow,
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
            [.. on.Locations.Select(location => location.ObjectsArn(on.Partition))]),
        .. on.Locations.Select((location, index) => new Statement($"List{index}", Effect.Allow, ["s3:ListBucket"], [location.BucketArn(on.Partition)])
        {
            Conditions = location.Prefix.Length == 0 ? [] : [new("StringLike", "s3:prefix", location.Folder + "*")],
        }),
        new("Region", Effect.Allow, ["s3:GetBucketLocation"], Buckets(on)),
    ]);

    /// <summary>The schedules: start the jobs function, and keep what could not be started.</summary>
    public static PolicyDocument Scheduler(string jobsFunctionArn, string deadLettersArn) => new(
        new Statement("Start", Effect.Allow, ["lambda:InvokeFunction"], [jobsFunctionArn]),
        new Statement("Undelivered", Effect.Allow, ["sqs:SendMessage"], [deadLettersArn]));

    /// <summary>A bucket that answers over TLS 1.2 or later only, whoever asks.</summary>
    public static PolicyDocument BucketOverTls(string bucketArn) => new(
        new Statement("TlsOnly", Effect.Deny, ["s3:*"], [bucketArn, bucketArn + "/*"])
        {
            Principal = Principal.Anyone,
            Conditions = [new("Bool", "aws:SecureTransport", "false")],
        },
        new Statement("Tls12", Effect.Deny, ["s3:*"], [bucketArn, bucketArn + "/*"])
        {
            Principal = Principal.Anyone,
            Conditions = [new("NumericLessThan", "s3:TlsVersion", "1.2")],
        });

    public static PolicyDocument QueueOverTls(string queueArn) => new(
        new Statement("TlsOnly", Effect.Deny, ["sqs:*"], [queueArn])
        {
            Principal = Principal.Anyone,
            Conditions = [new("Bool", "aws:SecureTransport", "false")],
        });

    /// <summary>A topic that alarms of this account may write to, over TLS.</summary>
    public static PolicyDocument AlarmTopic(string topicArn, string accountId) => new(
        new Statement("Alarms", Effect.Allow, ["sns:Publish"], [topicArn])
        {
            Principal = Principal.Service("cloudwatch.amazonaws.com"),
            Conditions = [new("StringEquals", "aws:SourceAccount", accountId)],
        },
        new Statement("TlsOnly", Effect.Deny, ["sns:Publish"], [topicArn])
        {
            Principal = Principal.Anyone,
            Conditions = [new("Bool", "aws:SecureTransport", "false")],
        });

    private static Statement Rows(AwsResources on) => new("Rows", Effect.Allow, ItemOperations, [on.TableArn]);

    private static Statement Logs(string logGroupArn) =>
        new("Logs", Effect.Allow, ["logs:CreateLogStream", "logs:PutLogEvents"], [logGroupArn + ":*"]);

    /// <summary>
    /// Without ListBucket S3 answers 403 for an object that is not there, and a lost file could not be told from a forbidden one. It cannot be
    /// narrowed by prefix: that check carries none.
    /// </summary>
    private static Statement TellMissingFromForbidden(AwsResources on) => new("Missing", Effect.Allow, ["s3:ListBucket"], Buckets(on));

    private static string[] Buckets(AwsResources on) => [.. on.Locations.Select(location => location.BucketArn(on.Partition)).Distinct()];

    /// <summary>With a key of one's own, DynamoDB and Parameter Store decrypt in the name of who asks.</summary>
    private static IEnumerable<Statement> Key(AwsResources on) => on.KeyArn is null
        ? []
        : [new("Key", Effect.Allow, ["kms:Decrypt", "kms:DescribeKey"], [on.KeyArn])];
}
