using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Frazil.LambdaEmulator;

/// <summary>
/// Measures cold starts: from the start of a process to its first answer, for several builds of the same function in turn, so that what else the machine does falls on all alike.
/// Over a table and a bucket that are there already.
/// </summary>
internal static class ColdStarts
{
    private const string Table = "/v1/default/namespaces/cold/tables/t";

    private sealed record Scenario(string Name, string Path, bool NeedsToken);

    private static readonly Scenario[] Scenarios =
    [
        new("no AWS client (/health/live)", "/health/live", NeedsToken: false),
        new("DynamoDB (config)", "/v1/config", NeedsToken: false),
        new("DynamoDB and S3 (loadTable)", Table, NeedsToken: true),
    ];

    /// <summary>Measures.</summary>
    /// <param name="programs">The builds.</param>
    /// <param name="environment">The functions' environment; the root secret must be in <c>FRAZIL__AUTH__ROOTSECRET</c>.</param>
    /// <param name="rounds">Cold starts of each build in each scenario.</param>
    public static async Task RunAsync(IReadOnlyList<string> programs, IReadOnlyDictionary<string, string> environment, int rounds)
    {
        var token = await PrepareAsync(new LambdaOptions { Program = programs[0], Environment = environment });
        Console.WriteLine($"{rounds} cold starts each, milliseconds: least, median, and most; memory at the first answer in MiB");
        foreach (var scenario in Scenarios)
        {
            var measured = programs.ToDictionary(program => program, _ => new List<ColdStart>());
            for (var round = 0; round < rounds; round++)
            {
                foreach (var program in programs)
                {
                    measured[program].Add(await MeasureAsync(new LambdaOptions { Program = program, Environment = environment }, scenario, token));
                }
            }

            Console.WriteLine($"\n{scenario.Name}");
            foreach (var program in programs)
            {
                var all = measured[program];
                Console.WriteLine($"  {program,-60} ready {Spread(all.Select(one => one.ToReady))}   answered {Spread(all.Select(one => one.ToAnswer))}   {all.Max(one => one.PeakBytes) >> 20} MiB");
            }
        }
    }

    private static string Spread(IEnumerable<TimeSpan> times)
    {
        var sorted = times.Select(time => time.TotalMilliseconds).Order().ToArray();
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[0],5:0} {sorted[sorted.Length / 2],5:0} {sorted[^1],5:0}");
    }

    private static async Task<ColdStart> MeasureAsync(LambdaOptions options, Scenario scenario, string token)
    {
        await using var function = new LambdaFunction(options);
        await using var door = await FrontDoor.OpenAsync(function);
        using var http = new HttpClient();
        if (scenario.NeedsToken)
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        using var response = await http.GetAsync(new Uri(door.Url, scenario.Path));
        response.EnsureSuccessStatusCode();
        return function.ColdStarts.Single();
    }

    /// <summary>Makes a table to be loaded, and gives a token.</summary>
    private static async Task<string> PrepareAsync(LambdaOptions options)
    {
        await using var function = new LambdaFunction(options);
        await using var door = await FrontDoor.OpenAsync(function);
        using var http = new HttpClient { BaseAddress = door.Url };
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = "root",
            ["client_secret"] = options.Environment["FRAZIL__AUTH__ROOTSECRET"],
        });
        using var granted = await http.PostAsync("/v1/oauth/tokens", form);
        granted.EnsureSuccessStatusCode();
        var token = (await JsonDocument.ParseAsync(await granted.Content.ReadAsStreamAsync())).RootElement.GetProperty("access_token").GetString()!;
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        await PostAsync("/v1/default/namespaces", """{"namespace":["cold"]}""");
        await PostAsync("/v1/default/namespaces/cold/tables", """{"name":"t","schema":{"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"}]}}""");
        return token;

        // What is there from an earlier run is answered 409.
        async Task PostAsync(string path, string body) => (await http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"))).Dispose();
    }
}
