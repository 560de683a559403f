namespace Workflows.Engine.Definitions;

/// <summary>
/// Every code a <see cref="DefinitionProblem"/> can bear. docs/definition-problems.md lists the same; a test compares the two,
/// and another has at least one definition for each.
/// </summary>
public static class DefinitionProblemCodes
{
    // The text
    public const string TooLarge = "DEFINITION_TOO_LARGE";
    public const string NotJson = "DEFINITION_NOT_JSON";
    public const string NotStorable = "DEFINITION_NOT_STORABLE";
    public const string SchemaUnsupported = "SCHEMA_UNSUPPORTED";
    public const string ProblemsTruncated = "PROBLEMS_TRUNCATED";

    // Fields
    public const string FieldMissing = "FIELD_MISSING";
    public const string FieldType = "FIELD_TYPE";
    public const string FieldValue = "FIELD_VALUE";
    public const string FieldUnknown = "FIELD_UNKNOWN";
    public const string TooManyItems = "TOO_MANY_ITEMS";

    // Triggers
    public const string TriggerTypeUnknown = "TRIGGER_TYPE_UNKNOWN";
    public const string TriggerIdDuplicate = "TRIGGER_ID_DUPLICATE";
    public const string EventTypeInvalid = "EVENT_TYPE_INVALID";
    public const string ScheduleInvalid = "SCHEDULE_INVALID";
    public const string TriggerInputInvalid = "TRIGGER_INPUT_INVALID";

    // Nodes and their parameters
    public const string NodeIdInvalid = "NODE_ID_INVALID";
    public const string NodeIdDuplicate = "NODE_ID_DUPLICATE";
    public const string NodeTypeUnknown = "NODE_TYPE_UNKNOWN";
    public const string ConnectorUnknown = "CONNECTOR_UNKNOWN";
    public const string ModelUnknown = "MODEL_UNKNOWN";
    public const string WorkflowUnknown = "WORKFLOW_UNKNOWN";
    public const string ParameterMissing = "PARAMETER_MISSING";
    public const string ParameterType = "PARAMETER_TYPE";
    public const string ParameterValue = "PARAMETER_VALUE";
    public const string ParameterUnknown = "PARAMETER_UNKNOWN";
    public const string ParameterConflict = "PARAMETER_CONFLICT";

    // Expressions
    public const string ExpressionInvalid = "EXPRESSION_INVALID";
    public const string ExpressionTooLong = "EXPRESSION_TOO_LONG";
    public const string ExpressionNameUnknown = "EXPRESSION_NAME_UNKNOWN";
    public const string SecretMisused = "SECRET_MISUSED";
    public const string ReferenceUnknown = "REFERENCE_UNKNOWN";
    public const string ReferenceNotBefore = "REFERENCE_NOT_BEFORE";
    public const string ReferenceInBody = "REFERENCE_IN_BODY";

    // Edges and the graph
    public const string EdgeNodeUnknown = "EDGE_NODE_UNKNOWN";
    public const string EdgePortUnknown = "EDGE_PORT_UNKNOWN";
    public const string EdgeDuplicate = "EDGE_DUPLICATE";
    public const string EdgeNeverTaken = "EDGE_NEVER_TAKEN";
    public const string GraphEmpty = "GRAPH_EMPTY";
    public const string GraphNoStart = "GRAPH_NO_START";
    public const string GraphStartDuplicate = "GRAPH_START_DUPLICATE";
    public const string GraphStartNotFirst = "GRAPH_START_NOT_FIRST";
    public const string GraphCycle = "GRAPH_CYCLE";
    public const string GraphUnreachable = "GRAPH_UNREACHABLE";
    public const string JoinNeverCompletes = "JOIN_NEVER_COMPLETES";
    public const string OnErrorConflict = "ON_ERROR_CONFLICT";
    public const string CompensationUnknown = "COMPENSATION_UNKNOWN";
    public const string CompensationInvalid = "COMPENSATION_INVALID";

    // The JSON Schema of the input
    public const string InputSchemaInvalid = "INPUT_SCHEMA_INVALID";
    public const string InputSchemaKeywordUnsupported = "INPUT_SCHEMA_KEYWORD_UNSUPPORTED";

    /// <summary>Code and meaning, in the order of the documentation.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> All { get; } =
    [
        new(TooLarge, "The definition has more bytes, or nests deeper, than allowed."),
        new(NotJson, "The definition is not one JSON object, or an object has the same member twice."),
        new(NotStorable, "The text is not valid UTF-8, or holds U+0000, half a surrogate pair or a number beyond all bounds."),
        new(SchemaUnsupported, "`schema` names a version of the format that this release does not read."),
        new(ProblemsTruncated, "There are more problems than are listed."),
        new(FieldMissing, "A required field is not there."),
        new(FieldType, "A field has the wrong JSON type."),
        new(FieldValue, "A field's value is out of range or not one of those allowed."),
        new(FieldUnknown, "A field that the format does not have."),
        new(TooManyItems, "A list has more items than allowed."),
        new(TriggerTypeUnknown, "A trigger of a type that this release does not know."),
        new(TriggerIdDuplicate, "Two triggers have the same id."),
        new(EventTypeInvalid, "An event type, or a pattern of event types, is malformed."),
        new(ScheduleInvalid, "A schedule trigger says no usable time: its cron expression is malformed or never fires, its zone is unknown, or fields contradict each other."),
        new(TriggerInputInvalid, "The input of a schedule trigger does not fit `parameters`."),
        new(NodeIdInvalid, "A node id has characters other than letters, digits, '_' and '-', or does not begin with a letter."),
        new(NodeIdDuplicate, "Two nodes have the same id."),
        new(NodeTypeUnknown, "A node of a type that does not exist, or of a custom type that the tenant does not have."),
        new(ConnectorUnknown, "A node names a connector that the tenant does not have."),
        new(ModelUnknown, "A node names a language model that the tenant has not registered."),
        new(WorkflowUnknown, "A custom node names a workflow that the tenant does not have, that several have the name of, or that is not published."),
        new(ParameterMissing, "A node lacks a required parameter."),
        new(ParameterType, "A parameter has the wrong type."),
        new(ParameterValue, "A parameter's value is out of range or not one of those allowed."),
        new(ParameterUnknown, "A parameter that the node type does not have."),
        new(ParameterConflict, "Parameters that exclude each other are both given, or none of several alternatives is."),
        new(ExpressionInvalid, "An expression does not parse."),
        new(ExpressionTooLong, "An expression or templated text is longer than allowed."),
        new(ExpressionNameUnknown, "An expression reads a name that is not in scope."),
        new(SecretMisused, "An expression reads `secrets` in a parameter that is not marked secret, or without a literal name."),
        new(ReferenceUnknown, "An expression reads the step of a node that does not exist."),
        new(ReferenceNotBefore, "An expression reads the step of a node that cannot have run before it."),
        new(ReferenceInBody, "An expression outside a loop's body reads the step of a node inside it."),
        new(EdgeNodeUnknown, "An edge comes from, or leads to, a node that does not exist in the same graph."),
        new(EdgePortUnknown, "An edge leaves by a port that its node does not have."),
        new(EdgeDuplicate, "Two edges connect the same port with the same node."),
        new(EdgeNeverTaken, "An edge that can never be taken as the node is configured."),
        new(GraphEmpty, "The definition has no nodes."),
        new(GraphNoStart, "Every node has an incoming edge, so none can be the first."),
        new(GraphStartDuplicate, "There is more than one start node."),
        new(GraphStartNotFirst, "An edge leads to the start node."),
        new(GraphCycle, "Edges form a cycle."),
        new(GraphUnreachable, "A node that no path from the start leads to."),
        new(JoinNeverCompletes, "A join waits for more branches than can ever arrive."),
        new(OnErrorConflict, "`onError` says continue while the error port is wired."),
        new(CompensationUnknown, "`compensate` names a node that does not exist in the same graph."),
        new(CompensationInvalid, "A node cannot compensate: it has edges, another node to compensate, or a type that undoes nothing."),
        new(InputSchemaInvalid, "What should be a JSON Schema (`parameters`, the schema of a validate node) is none."),
        new(InputSchemaKeywordUnsupported, "A JSON Schema uses a keyword that is not supported."),
    ];
}
