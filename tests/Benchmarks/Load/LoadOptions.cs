using System.Globalization;

namespace Frazil.Benchmarks.Load;

/// <summary>What <c>load</c> was told.</summary>
internal sealed record LoadOptions
{
    public const string Usage = """
        load [--quick] [--rounds N] [--seconds S] [--only PATTERN] [--uri URL] [--server PATH] [--port N] [--starts N]

          --quick         checks the answers in a short run with smaller tables and lists, and prints no figures to rely on
          --rounds N      how often each case is measured; medians are printed (3)
          --seconds S     how long a case is measured in a round (0.8)
          --only PATTERN  only the cases whose name matches this regular expression, and the constant route
          --uri URL       a server that runs already, without credentials, instead of a frazil started for this run; its lists stay short
          --server PATH   the frazil to start (the one that was built with this program)
          --port N        the port it listens on (a free one)
          --starts N      how often a start is measured (5; 0 for not at all)
        """;

    public bool Quick { get; init; }

    public int Rounds { get; init; } = 3;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(0.8);

    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(0.25);

    public string Only { get; init; } = "";

    public Uri? Uri { get; init; }

    public string? Server { get; init; }

    public int Port { get; init; }

    public int Starts { get; init; } = 5;

    /// <summary>Tables and namespaces in the longest list.</summary>
    public int Siblings => Quick ? 3_000 : 100_000;

    /// <summary>Tables with a metadata file each, over which loads are spread.</summary>
    public int Spread => Quick ? 2_000 : 60_000;

    /// <summary>Snapshots of the table with many.</summary>
    public int Snapshots => Quick ? 500 : 10_000;

    /// <summary>Columns of the table with many.</summary>
    public int Columns => Quick ? 200 : 2_000;

    /// <summary>Reads the words after <c>load</c>.</summary>
    /// <exception cref="FormatException">One of them cannot be used.</exception>
    public static LoadOptions Read(IReadOnlyList<string> words)
    {
        var options = new LoadOptions();
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            string Value() => ++i < words.Count ? words[i] : throw new FormatException($"{word} needs a value");
            options = word switch
            {
                "--quick" => options with { Quick = true, Rounds = 1, Duration = TimeSpan.FromSeconds(0.25), WarmUp = TimeSpan.Zero, Starts = 0 },
                "--rounds" => options with { Rounds = int.Parse(Value(), CultureInfo.InvariantCulture) },
                "--seconds" => options with { Duration = TimeSpan.FromSeconds(double.Parse(Value(), CultureInfo.InvariantCulture)) },
                "--only" => options with { Only = Value() },
                "--uri" => options with { Uri = new Uri(Value()) },
                "--server" => options with { Server = Path.GetFullPath(Value()) },
                "--port" => options with { Port = int.Parse(Value(), CultureInfo.InvariantCulture) },
                "--starts" => options with { Starts = int.Parse(Value(), CultureInfo.InvariantCulture) },
                _ => throw new FormatException($"unknown option {word}"),
            };
        }

        return options;
    }
}
