namespace Workflows.Connectors;

/// <summary>
/// The answer has a type that the database did not have when it was asked for its types: a list of it could not be told
/// from a text, and two workers would answer differently.
/// </summary>
internal sealed class SqlTypesChangedException() : Exception("The database has a type that it did not have before.");
