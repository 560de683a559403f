namespace Workflows.Jsonata;

/// <summary>What one evaluation may see and use; all of it optional.</summary>
public sealed record JsonataOptions
{
    /// <summary>System clock, fresh randomness, default limits, no variables.</summary>
    public static JsonataOptions Default { get; } = new();

    /// <summary>Where $now() and $millis() take their instant from when <see cref="Now"/> is not set: read once per evaluation.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The instant $now() and $millis() show, for evaluations that must be repeatable.</summary>
    public DateTimeOffset? Now { get; init; }

    /// <summary>The time zones that have names; without them only offsets such as +0200 are known.</summary>
    public IJsonataTimeZones? TimeZones { get; init; }

    /// <summary>The source of $random() and $shuffle(); a seeded one makes evaluations repeatable. Null: the shared one.</summary>
    public Random? Random { get; init; }

    /// <summary>What the evaluation may use up.</summary>
    public JsonataLimits Limits { get; init; } = JsonataLimits.Default;

    /// <summary>Values of $name variables, without the dollar sign. They hide built-in functions of the same name.</summary>
    public IReadOnlyDictionary<string, JsonataValue>? Variables { get; init; }

    /// <summary>Ends the evaluation with an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken { get; init; }
}
