namespace Workflows.Engine.Definitions;

/// <summary>One thing wrong with a definition.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901) into the definition; <c>""</c> is the whole of it.</param>
/// <param name="Code">A constant of <see cref="DefinitionProblemCodes"/>; stable over releases.</param>
/// <param name="Message">What is wrong, with the names and values concerned.</param>
/// <param name="Hint">What to do about it.</param>
public sealed record DefinitionProblem(string Pointer, string Code, string Message, string Hint);

/// <summary>One thing wrong with an execution's input.</summary>
/// <param name="Pointer">JSON pointer into the input.</param>
/// <param name="Keyword">The keyword of the schema that refuses the value.</param>
public sealed record InputProblem(string Pointer, string Keyword, string Message);
