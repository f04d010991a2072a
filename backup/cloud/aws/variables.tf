variable "name" {
  description = "What everything is called after: 3 to 30 small letters, digits and hyphens."
  type        = string
  default     = "wattline"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,28}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 30 small letters, digits and hyphens, since the bucket is called after it."
  }
}

variable "region" {
  description = "Where the copy lies; for an existing bucket, where that one is."
  type        = string
  default     = "eu-south-1"
}

variable "existing_bucket" {
  description = "A bucket that is there already; a new one is made where this is empty. Its versioning, lifecycle and access stay as they are: see to them yourself."
  type        = string
  default     = ""
}

variable "undelete_days" {
  description = "For how many days what was deleted or overwritten can be had back."
  type        = number
  default     = 30
}
