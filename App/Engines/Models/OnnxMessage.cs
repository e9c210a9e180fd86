namespace App.Engines.Models;

/// <summary>How the value of a field is written.</summary>
internal enum OnnxKind { Int32, Int64, Float, Double, Text, Bytes, Message, External }

/// <summary>A field of an ONNX message.</summary>
/// <param name="Name">Its name in onnx.proto.</param>
/// <param name="Kind">How its value is written.</param>
/// <param name="IsRepeated">Whether it may stand more than once.</param>
/// <param name="Message">What a <see cref="OnnxKind.Message"/> holds.</param>
internal sealed record OnnxField(string Name, OnnxKind Kind, bool IsRepeated, OnnxMessage? Message);

/// <summary>
/// The messages of an ONNX file: all that onnx-ml.proto (ONNX 1.19, IR version 12) knows, in its own notation so that the
/// two can be compared. <c>external</c> marks the fields by which a tensor keeps its data in another file.
/// </summary>
internal sealed class OnnxMessage(string name)
{
    private const string Proto = """
        ModelProto { int64 ir_version = 1; repeated OperatorSetIdProto opset_import = 8; string producer_name = 2;
            string producer_version = 3; string domain = 4; int64 model_version = 5; string doc_string = 6; GraphProto graph = 7;
            repeated StringStringEntryProto metadata_props = 14; repeated TrainingInfoProto training_info = 20;
            repeated FunctionProto functions = 25; repeated DeviceConfigurationProto configuration = 26; }
        GraphProto { repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
            repeated SparseTensorProto sparse_initializer = 15; string doc_string = 10; repeated ValueInfoProto input = 11;
            repeated ValueInfoProto output = 12; repeated ValueInfoProto value_info = 13;
            repeated TensorAnnotation quantization_annotation = 14; repeated StringStringEntryProto metadata_props = 16; }
        NodeProto { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; string domain = 7;
            string overload = 8; repeated AttributeProto attribute = 5; string doc_string = 6;
            repeated StringStringEntryProto metadata_props = 9; repeated NodeDeviceConfigurationProto device_configurations = 10; }
        AttributeProto { string name = 1; string ref_attr_name = 21; string doc_string = 13; int32 type = 20; float f = 2; int64 i = 3;
            bytes s = 4; TensorProto t = 5; GraphProto g = 6; SparseTensorProto sparse_tensor = 22; TypeProto tp = 14;
            repeated float floats = 7; repeated int64 ints = 8; repeated bytes strings = 9; repeated TensorProto tensors = 10;
            repeated GraphProto graphs = 11; repeated SparseTensorProto sparse_tensors = 23; repeated TypeProto type_protos = 15; }
        TensorProto { repeated int64 dims = 1; int32 data_type = 2; TensorProto.Segment segment = 3; repeated float float_data = 4;
            repeated int32 int32_data = 5; repeated bytes string_data = 6; repeated int64 int64_data = 7; string name = 8;
            string doc_string = 12; bytes raw_data = 9; external external_data = 13; external data_location = 14;
            repeated double double_data = 10; repeated uint64 uint64_data = 11; repeated StringStringEntryProto metadata_props = 16; }
        TensorProto.Segment { int64 begin = 1; int64 end = 2; }
        SparseTensorProto { TensorProto values = 1; TensorProto indices = 2; repeated int64 dims = 3; }
        FunctionProto { string name = 1; repeated string input = 4; repeated string output = 5; repeated string attribute = 6;
            repeated AttributeProto attribute_proto = 11; repeated NodeProto node = 7; string doc_string = 8;
            repeated OperatorSetIdProto opset_import = 9; string domain = 10; string overload = 13;
            repeated ValueInfoProto value_info = 12; repeated StringStringEntryProto metadata_props = 14; }
        TrainingInfoProto { GraphProto initialization = 1; GraphProto algorithm = 2;
            repeated StringStringEntryProto initialization_binding = 3; repeated StringStringEntryProto update_binding = 4; }
        ValueInfoProto { string name = 1; TypeProto type = 2; string doc_string = 3;
            repeated StringStringEntryProto metadata_props = 4; }
        TypeProto { TypeProto.Tensor tensor_type = 1; TypeProto.Sequence sequence_type = 4; TypeProto.Map map_type = 5;
            TypeProto.Optional optional_type = 9; TypeProto.SparseTensor sparse_tensor_type = 8; TypeProto.Opaque opaque_type = 7;
            string denotation = 6; }
        TypeProto.Tensor { int32 elem_type = 1; TensorShapeProto shape = 2; }
        TypeProto.Sequence { TypeProto elem_type = 1; }
        TypeProto.Map { int32 key_type = 1; TypeProto value_type = 2; }
        TypeProto.Optional { TypeProto elem_type = 1; }
        TypeProto.SparseTensor { int32 elem_type = 1; TensorShapeProto shape = 2; }
        TypeProto.Opaque { string domain = 1; string name = 2; }
        TensorShapeProto { repeated TensorShapeProto.Dimension dim = 1; }
        TensorShapeProto.Dimension { int64 dim_value = 1; string dim_param = 2; string denotation = 3; }
        TensorAnnotation { string tensor_name = 1; repeated StringStringEntryProto quant_parameter_tensor_names = 2; }
        OperatorSetIdProto { string domain = 1; int64 version = 2; }
        StringStringEntryProto { string key = 1; string value = 2; }
        DeviceConfigurationProto { string name = 1; int32 num_devices = 2; repeated string device = 3; }
        NodeDeviceConfigurationProto { string configuration_id = 1; repeated ShardingSpecProto sharding_spec = 2;
            int32 pipeline_stage = 3; }
        ShardingSpecProto { string tensor_name = 1; repeated int64 device = 2;
            repeated IntIntListEntryProto index_to_device_group_map = 3; repeated ShardedDimProto sharded_dim = 4; }
        ShardedDimProto { int64 axis = 1; repeated SimpleShardedDimProto simple_sharding = 2; }
        SimpleShardedDimProto { int64 dim_value = 1; string dim_param = 2; int64 num_shards = 3; }
        IntIntListEntryProto { int64 key = 1; repeated int64 value = 2; }
        """;

    private readonly OnnxField?[] fields = new OnnxField?[32];

    /// <summary>The whole file.</summary>
    public static OnnxMessage Model { get; } = Parse(Proto)["ModelProto"];

    /// <summary>Its name in onnx.proto.</summary>
    public string Name => name;

    /// <summary>The field of a number, below 32; null when there is none.</summary>
    public OnnxField? Find(uint number) => number < fields.Length ? fields[number] : null;

    private static Dictionary<string, OnnxMessage> Parse(string proto)
    {
        const StringSplitOptions Clean = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        var bodies = proto.Split('}', Clean).Select(text => text.Split('{', Clean)).ToDictionary(parts => parts[0], parts => parts[1]);
        var messages = bodies.Keys.ToDictionary(name => name, name => new OnnxMessage(name));
        foreach (var (name, body) in bodies)
        {
            foreach (var words in body.Split(';', Clean).Select(field => field.Split([' ', '='], Clean)))
            {
                var kind = KindOf(words[^3]);
                messages[name].fields[int.Parse(words[^1])] =
                    new(words[^2], kind, words[0] == "repeated", kind == OnnxKind.Message ? messages[words[^3]] : null);
            }
        }
        return messages;
    }

    private static OnnxKind KindOf(string type) => type switch
    {
        "int32" => OnnxKind.Int32,
        "int64" or "uint64" => OnnxKind.Int64,
        "float" => OnnxKind.Float,
        "double" => OnnxKind.Double,
        "string" => OnnxKind.Text,
        "bytes" => OnnxKind.Bytes,
        "external" => OnnxKind.External,
        _ => OnnxKind.Message,
    };
}
