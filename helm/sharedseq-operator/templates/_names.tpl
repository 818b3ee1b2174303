{{- define "sharedseq.name" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}-sharedseq
{{- end }}

{{- define "sharedseq.selector" -}}
app.kubernetes.io/name: sharedseq-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sharedseq.labels" -}}
app.kubernetes.io/name: sharedseq-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
