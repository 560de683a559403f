namespace Workflows.Engine.Schedules;

/// <summary>The choices of a schedule as clients, definitions and the database write them: in camel case.</summary>
public static class ScheduleWords
{
    public static string ToText<TEnum>(TEnum value)
        where TEnum : struct, Enum => Definitions.ObjectReader.CamelCase(value.ToString());

    /// <summary>False when it is none of the choices, which <see cref="All{TEnum}"/> lists.</summary>
    public static bool TryParse<TEnum>(string? text, out TEnum value)
        where TEnum : struct, Enum
    {
        foreach (var choice in Enum.GetValues<TEnum>())
        {
            if (ToText(choice) == text)
            {
                value = choice;
                return true;
            }
        }

        value = default;
        return false;
    }

    public static IReadOnlyList<string> All<TEnum>()
        where TEnum : struct, Enum => [.. Enum.GetValues<TEnum>().Select(ToText)];
}
