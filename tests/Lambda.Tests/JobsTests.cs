using System.Text.Json;

namespace Frazil.Lambda.Tests;

/// <summary>The jobs function over a catalog that the API function made.</summary>
[Trait("Needs", "dynamodb")]
[Trait("Needs", "s3")]
public sealed class JobsTests
{
    private const string Schema = """{"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"}]}""";

    [Fact]
    public async Task A_purge_without_time_begins_nothing_and_the_next_run_leaves_no_file_of_the_table()
    {
        await using var cloud = await Cloud.CreateAsync();
        await using var client = await LambdaClient.OpenAsync(cloud.Function("api"));
        await client.SignInAsync();
        await client.SendAsync("POST /v1/default/namespaces", 200, """{"namespace":["n"]}""");
        foreach (var table in (string[])["gone", "kept"])
        {
            await client.SendAsync("POST /v1/default/namespaces/n/tables", 200, $$$"""{"name":"{{{table}}}","schema":{{{Schema}}}}""");
        }

        await client.SendAsync("DELETE /v1/default/namespaces/n/tables/gone?purgeRequested=true", 204);
        var trash = await client.SendAsync("GET /management/v1/warehouse/default/deleted-tabulars", 200);
        var id = trash.GetProperty("tabulars")[0].GetProperty("id").GetString();
        await client.SendAsync($"POST /management/v1/warehouse/default/deleted-tabulars/{id}/purge", 200);
        Assert.Equal(2, (await cloud.ListFilesAsync()).Count);

        // The reserve is two seconds at least: of an invocation of two seconds nothing is left to begin something with.
        await using (var hurried = cloud.Function("jobs", timeout: TimeSpan.FromSeconds(2)))
        {
            // The first invocation of a process may take longer than that to start; what counts is that nothing is done.
            var result = await hurried.InvokeAsync("""{"job":"purge"}""");
            Assert.True(result.IsFailure || result.Text.Contains("\"is-more\":true", StringComparison.Ordinal), result.Text);
            Assert.Equal(2, (await cloud.ListFilesAsync()).Count);
        }

        await using var jobs = cloud.Function("jobs");
        var purged = await jobs.InvokeAsync("""{"job":"purge"}""");
        Assert.Equal("""{"job":"purge","done":1,"failed":0,"files-deleted":1,"is-more":false}""", purged.Text);
        Assert.Contains("/kept-", Assert.Single(await cloud.ListFilesAsync()), StringComparison.Ordinal);

        var metrics = jobs.Output.Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.TryGetProperty("_aws", out _)).ToArray();
        Assert.Contains(metrics, line => line.TryGetProperty("catalog.job.runs", out var runs) && runs.GetInt32() == 1 && line.GetProperty("job").GetString() == "purge");
        Assert.Contains(metrics, line => line.TryGetProperty("catalog.purge.files", out var files) && files.GetInt32() == 1);
        Assert.Contains(metrics, line => line.TryGetProperty("catalog.purge.lag_seconds", out var lag) && lag.GetDouble() == 0);
    }

    [Fact]
    public async Task A_purge_that_is_cut_off_at_its_deadline_uses_no_try_of_its_task_however_often()
    {
        await using var cloud = await Cloud.CreateAsync();
        await using var files = await Wire.OpenAsync(Cloud.Required("FRAZIL_TEST_S3"));
        await using var client = await LambdaClient.OpenAsync(cloud.Function("api"));
        await client.SignInAsync();
        await client.SendAsync("POST /v1/default/namespaces", 200, """{"namespace":["n"]}""");
        await client.SendAsync("POST /v1/default/namespaces/n/tables", 200, $$$"""{"name":"gone","schema":{{{Schema}}}}""");
        await client.SendAsync("DELETE /v1/default/namespaces/n/tables/gone?purgeRequested=true", 204);
        var trash = await client.SendAsync("GET /management/v1/warehouse/default/deleted-tabulars", 200);
        await client.SendAsync($"POST /management/v1/warehouse/default/deleted-tabulars/{trash.GetProperty("tabulars")[0].GetProperty("id").GetString()}/purge", 200);

        var deletions = 0;
        files.Before = (request, given) =>
        {
            if (request.Method != "DELETE")
            {
                return Task.CompletedTask;
            }

            Interlocked.Increment(ref deletions);
            return Task.Delay(Timeout.Infinite, given);
        };
        await using (var hurried = cloud.Function("jobs", change: environment => environment["AWS_ENDPOINT_URL_S3"] = files.Url, timeout: TimeSpan.FromSeconds(4)))
        {
            for (var run = 0; run <= Tasks.MaxAttempts; run++)
            {
                Assert.Equal("""{"job":"purge","done":0,"failed":0,"files-deleted":0,"is-more":true}""", (await hurried.InvokeAsync("""{"job":"purge"}""")).Text);
                var task = (await client.SendAsync("POST /management/v1/warehouse/default/task/list", 200, "{}")).GetProperty("tasks")[0];
                Assert.Equal(("scheduled", 0), (task.GetProperty("status").GetString(), task.GetProperty("attempt").GetInt32()));
            }

            Assert.Equal(1, hurried.StartCount);
            Assert.Contains(hurried.Output, line => line.Contains("was cut off at its deadline", StringComparison.Ordinal));
        }

        Assert.True(deletions > 1, $"{deletions} deletions were cut off");
        await using var jobs = cloud.Function("jobs");
        Assert.Equal("""{"job":"purge","done":1,"failed":0,"files-deleted":1,"is-more":false}""", (await jobs.InvokeAsync("""{"job":"purge"}""")).Text);
        Assert.Empty(await cloud.ListFilesAsync());
    }

    [Fact]
    public async Task Every_job_of_the_list_runs_on_an_empty_table()
    {
        await using var cloud = await Cloud.CreateAsync();
        await using var jobs = cloud.Function("jobs");
        foreach (var job in JobList.All)
        {
            var result = await jobs.InvokeAsync($$"""{"job":"{{job.Name}}"}""");
            Assert.Equal($$"""{"job":"{{job.Name}}","done":0,"failed":0,"files-deleted":0,"is-more":false}""", result.Text);
        }

        Assert.Equal(1, jobs.StartCount);
    }

    [Fact]
    public async Task The_api_function_runs_no_jobs_since_its_role_may_delete_no_data()
    {
        await using var cloud = await Cloud.CreateAsync();
        await using var client = await LambdaClient.OpenAsync(cloud.Function("api"));
        await client.SignInAsync();
        Assert.Equal(406, (await client.SendAsync("POST /management/v1/job/purge/run")).Status);
    }
}
