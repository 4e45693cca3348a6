using Amazon.DynamoDBv2.Model;

namespace Frazil.Lambda.Tests;

/// <summary>Many instances at once, as after a quiet night.</summary>
[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class InstanceTests
{
    private const int Instances = 4;

    [Fact]
    public async Task Instances_that_start_at_once_on_an_empty_table_make_one_catalog()
    {
        await using var cloud = await Cloud.CreateAsync();
        await using var client = await LambdaClient.OpenAsync(cloud.Function("api", instances: Instances));

        var answers = await Task.WhenAll(Enumerable.Range(0, Instances).Select(_ => client.SendAsync("GET /v1/config?warehouse=default")));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(Instances, client.Api.StartCount);
        using var dynamo = Cloud.DynamoDb();
        var rows = await dynamo.ScanAsync(new ScanRequest { TableName = cloud.Name });
        Assert.Single(rows.Items, row => row["p"].S.Contains("catalog", StringComparison.Ordinal) || row["r"].S == "default");

        // Each derives the same key from the secret: a token of one is good at all.
        await client.SignInAsync();
        var lists = await Task.WhenAll(Enumerable.Range(0, Instances).Select(_ => client.SendAsync("GET /v1/default/namespaces")));
        Assert.All(lists, list => Assert.Equal(200, list.Status));
    }

    [Fact]
    public async Task A_new_location_is_taken_over_and_nothing_else_of_the_catalog_changes()
    {
        await using var cloud = await Cloud.CreateAsync();
        await using (var first = await LambdaClient.OpenAsync(cloud.Function("api")))
        {
            await first.SignInAsync();
            await first.SendAsync("POST /v1/default/namespaces", 200, """{"namespace":["n"]}""");
        }

        await using var second = await LambdaClient.OpenAsync(cloud.Function("api", change: environment => environment["FRAZIL__CATALOG__BASELOCATION"] = $"{cloud.Warehouse}-2"));
        await second.SignInAsync();
        await second.SendAsync("GET /v1/default/namespaces/n", 200);
        var created = await second.SendAsync(
            "POST /v1/default/namespaces/n/tables", 200, """{"name":"t","schema":{"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"}]}}""");
        Assert.StartsWith($"{cloud.Warehouse}-2/", created.GetProperty("metadata").GetProperty("location").GetString(), StringComparison.Ordinal);
    }
}
